#include "track/tracking.hpp"

#include "base/names.hpp"
#include "track/catalog.hpp"
#include "track/news.hpp"
#include "track/relation.hpp"
#include "track/schema_rules.hpp"
#include "track/triggers.hpp"

namespace bemi::track::tracking {
namespace {

TrackingOptions options_of(Oid relation) {
    TrackingOptions options;
    return catalog::find(relation, &options) ? options : triggers::options_before(relation);
}

/// The options for bemi.track(). A table for which an option is given does not follow the rule of its schema
/// any more.
TrackingOptions options_asked(Oid relation, const GivenOptions &given) {
    TrackingOptions options = options_of(relation);
    if (!catalog::is_tracked(relation))
        options.by_schema = schema_rules::find_for_table(relation, &options.chosen);
    given.apply_to(options.chosen);
    options.by_schema = options.by_schema && !given.any();
    return options;
}

/// ERROR if the relation is tracked with another table, whose options apply to it.
void require_root(Oid relation) {
    const Oid root = catalog::root_of(relation);
    if (OidIsValid(root))
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("table \"%s\" is tracked with table \"%s\"", names::unquoted(relation),
                               names::unquoted(root)),
                        errdetail("Partitions and children are tracked with their parent."),
                        errhint("Call the function for table \"%s\".", names::unquoted(root))));
}

/// Locks the relation. The checks come before the lock, since a role that may not track must not block
/// others, and again afterwards, since all may have changed during the wait.
void lock_to_track(Oid relation) {
    relation::require_trackable(relation);
    LockRelationOid(relation, AccessExclusiveLock);
    relation::require_trackable(relation);
    require_root(relation);
}

/// Tracks a partition or child with the options of its root.
void track_child(Oid relation, const ChosenOptions &chosen) {
    TrackingOptions options = options_of(relation);
    options.chosen = chosen;
    options.by_schema = false;
    triggers::install(relation, options);
}

void track_as(Oid relation, const TrackingOptions &options) {
    triggers::require_own_names(relation);
    triggers::install(relation, options);

    List *family = catalog::family_of(relation, AccessExclusiveLock);
    for (int i = 1; i < list_length(family); i++) {
        const Oid child = list_nth_oid(family, i);
        if (relation::obstacle(child).detail != nullptr) {
            news::altered(child);
            continue;
        }
        relation::require_ownership(child);
        triggers::require_own_names(child);
        track_child(child, options.chosen);
    }
}

void untrack_one(Oid relation) {
    TrackingOptions options;
    if (!catalog::find(relation, &options))
        options.identity = REPLICA_IDENTITY_FULL; // the former identity is unknown, so FULL stays
    triggers::uninstall(relation, options);
}

/// Untracks a partition or child, unless it is tracked with another table as well.
void untrack_member(Oid relation) {
    LockRelationOid(relation, AccessExclusiveLock);
    if (!relation::exists(relation) || !catalog::is_tracked(relation) ||
        OidIsValid(catalog::root_of(relation)))
        return;
    relation::require_ownership(relation);
    untrack_one(relation);
}

} // namespace

void require_tracked(Oid relation) {
    if (!catalog::is_tracked(relation) && !triggers::has_own(relation))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("relation \"%s\" is not tracked", names::unquoted(relation)),
                        errhint("SELECT relation FROM bemi.tracked_tables lists the tracked tables.")));
}

void track(Oid relation, const GivenOptions &given) {
    lock_to_track(relation);
    if (given.any_rules())
        column_rules::require_sense(catalog::family_of(relation, NoLock), given.all_rules());
    track_as(relation, options_asked(relation, given));
}

void track_by_schema(Oid relation, const ChosenOptions &rule) {
    lock_to_track(relation);
    TrackingOptions options = options_of(relation);
    options.chosen = rule;
    options.by_schema = true;
    track_as(relation, options);
}

void untrack(Oid relation) {
    (void)relation::obstacle(relation); // ERROR if it does not exist
    relation::require_ownership(relation);
    LockRelationOid(relation, AccessExclusiveLock);
    (void)relation::obstacle(relation); // again: it may have been dropped during the wait
    require_tracked(relation);
    require_root(relation);

    List *family = catalog::family_of(relation, NoLock);
    untrack_one(relation);
    for (int i = 1; i < list_length(family); i++)
        untrack_member(list_nth_oid(family, i));
}

} // namespace bemi::track::tracking
