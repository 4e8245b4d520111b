#include "track/baseline.hpp"

#include "base/baselines.hpp"
#include "track/catalog.hpp"
#include "track/relation.hpp"
#include "track/tracking.hpp"

namespace bemi::track::baseline {

void request(Oid relation) {
    relation::require_trackable(relation);
    tracking::require_tracked(relation);
    request_family(relation);
}

void request_family(Oid relation) {
    List *family = catalog::family_of(relation, AccessShareLock);
    for (int i = 0; i < list_length(family); i++)
        if (const Oid member = list_nth_oid(family, i);
            get_rel_relkind(member) == RELKIND_RELATION && catalog::is_tracked(member))
            baselines::request(member);
}

void request_if_filled(Oid relation) {
    if (relation::has_rows(relation))
        baselines::request(relation);
}

} // namespace bemi::track::baseline
