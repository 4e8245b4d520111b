// The functions of tracking that SQL calls.
#include "base/boundary.hpp"
#include "track/baseline.hpp"
#include "track/catalog.hpp"
#include "track/schema.hpp"
#include "track/steps.hpp"
#include "track/tracking.hpp"

namespace bemi::track {
namespace {

const char *text_argument(FunctionCallInfo fcinfo, int number) {
    return text_to_cstring(PG_GETARG_TEXT_PP(number));
}

/// The options that a function has as its arguments after the first one. An older script of the extension
/// made it with fewer.
GivenOptions given_options(FunctionCallInfo fcinfo) {
    GivenOptions given;
    if (!PG_ARGISNULL(1))
        given.level = level_named(text_argument(fcinfo, 1));
    if (PG_NARGS() > 2 && !PG_ARGISNULL(2))
        given.require_context = requirement_named(text_argument(fcinfo, 2));
    return given;
}

/// Whether the function is to have the present rows stored too.
bool wants_baseline(FunctionCallInfo fcinfo) {
    return PG_NARGS() > 3 && !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
}

} // namespace

BEMI_FUNCTION(bemi_track) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    tracking::track(PG_GETARG_OID(0), given_options(fcinfo));
    if (wants_baseline(fcinfo))
        baseline::request(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_baseline) {
    baseline::request(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_untrack) {
    tracking::untrack(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_track_schema) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    schema::track(PG_GETARG_OID(0), given_options(fcinfo));
    if (wants_baseline(fcinfo))
        schema::request_baselines(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_untrack_schema) {
    schema::untrack(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

// The functions below serve the procedures that track each table in a transaction of its own, and the views.

BEMI_FUNCTION(bemi_steps_to_track) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    return steps::to_track(PG_GETARG_OID(0), given_options(fcinfo));
}

BEMI_FUNCTION(bemi_steps_to_untrack) {
    return steps::to_untrack(PG_GETARG_OID(0));
}

BEMI_FUNCTION(bemi_track_by_schema) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    schema::track_table(PG_GETARG_OID(0), given_options(fcinfo));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_set_rule) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    schema::set_rule(PG_GETARG_OID(0), given_options(fcinfo));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_remove_rule) {
    schema::remove_rule(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_tracked_with) {
    const Oid root = catalog::root_of(PG_GETARG_OID(0));
    if (!OidIsValid(root))
        PG_RETURN_NULL();
    PG_RETURN_OID(root);
}

} // namespace bemi::track
