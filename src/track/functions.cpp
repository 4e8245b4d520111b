// bemi.track(), untrack(), track_schema() and untrack_schema().
#include "boundary.hpp"
#include "schema.hpp"
#include "tracking.hpp"

using namespace bemi;

BEMI_FUNCTION(bemi_track) {
    tracking::track(PG_GETARG_OID(0), level_named(text_to_cstring(PG_GETARG_TEXT_PP(1))),
                    tracking::Reason::asked);
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_untrack) {
    tracking::untrack(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_track_schema) {
    schema::track(PG_GETARG_OID(0), level_named(text_to_cstring(PG_GETARG_TEXT_PP(1))));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_untrack_schema) {
    schema::untrack(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}
