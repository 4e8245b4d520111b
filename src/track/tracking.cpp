#include "tracking.hpp"

#include "catalog.hpp"
#include "relation.hpp"

namespace bemi::tracking {
namespace {

/// Tracks one relation; its row comes first, so that the event trigger, which the DDL of install() may fire,
/// finds it.
void track_one(Oid relation, Level level, Oid root, bool by_schema) {
    catalog::Tracked tracked;
    const bool again = catalog::find(relation, &tracked);
    tracked.level = level;
    tracked.root = root;
    tracked.by_schema = by_schema;
    if (again) {
        catalog::update(tracked);
    } else {
        tracked.previous_identity = relation::replica_identity(relation, &tracked.previous_index);
        catalog::insert(tracked);
    }
    relation::install(relation, level);
}

void untrack_one(const catalog::Tracked &tracked) {
    relation::uninstall(tracked.relation, tracked.previous_identity, NameStr(tracked.previous_index));
    catalog::remove(tracked.relation);
}

/// Locks a table that exists and belongs to the current user, unless another session has it locked.
bool lock_if_mine(Oid relation) {
    return relation::exists(relation) && compat::owns(RelationRelationId, relation, GetUserId()) &&
           ConditionalLockRelationOid(relation, AccessExclusiveLock) && relation::exists(relation);
}

/// A child that left its root: the end of it, unless its new home's rule takes it.
void release(Oid relation) {
    catalog::Tracked tracked;
    Level level;
    if (!lock_if_mine(relation) || !catalog::find(relation, &tracked))
        return;
    if (catalog::find_schema(get_rel_namespace(relation), &level))
        track_one(relation, level, InvalidOid, true);
    else
        untrack_one(tracked);
}

/// A child that came to a tracked root. One that somebody else owns or holds locked is left alone, and shown
/// by bemi.tracked_tables: the user's DDL must not fail or hang for it.
void adopt(Oid relation, Level level, Oid root) {
    if (lock_if_mine(relation) && relation::obstacle(relation).detail == nullptr)
        track_one(relation, level, root, false);
}

void release_those_that_left(Oid root) {
    List *descendants = find_all_inheritors(root, NoLock, nullptr);
    List *members = catalog::members(root);
    for (int i = 0; i < list_length(members); i++)
        if (!list_member_oid(descendants, list_nth_oid(members, i)))
            release(list_nth_oid(members, i));
}

void adopt_those_that_came(Oid root) {
    catalog::Tracked tracked;
    if (!catalog::find(root, &tracked) || OidIsValid(tracked.root))
        return; // joined another root meanwhile
    List *descendants = find_all_inheritors(root, NoLock, nullptr);
    const Level level = tracked.level;
    for (int i = 0; i < list_length(descendants); i++) {
        const Oid relation = list_nth_oid(descendants, i);
        if (relation != root && !(catalog::find(relation, &tracked) && OidIsValid(tracked.root)))
            adopt(relation, level, root);
    }
}

/// A table tracked with another has that one's options.
void require_root(const catalog::Tracked &tracked) {
    if (OidIsValid(tracked.root))
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("table %s is tracked with %s", relation::qualified_name(tracked.relation),
                               relation::qualified_name(tracked.root)),
                        errdetail("Partitions and children are tracked as the table that they belong to."),
                        errhint("Call the function for %s.", relation::qualified_name(tracked.root))));
}

} // namespace

void track(Oid relation, Level level, Reason reason) {
    catalog::Tracked tracked;

    relation::require_trackable(relation); // before the lock: who may not track must not block
    LockRelationOid(relation, AccessExclusiveLock);
    relation::require_trackable(relation); // again: it may have changed while we waited
    if (catalog::find(relation, &tracked))
        require_root(tracked);
    track_one(relation, level, InvalidOid, reason == Reason::schema);

    List *family = find_all_inheritors(relation, AccessExclusiveLock, nullptr);
    for (int i = 0; i < list_length(family); i++) {
        const Oid child = list_nth_oid(family, i);
        if (child == relation || relation::obstacle(child).detail != nullptr)
            continue;
        relation::require_ownership(child);
        track_one(child, level, relation, false);
    }
}

void welcome(Oid relation, Level level) {
    if (!lock_if_mine(relation))
        return;
    track_one(relation, level, InvalidOid, true);
    adopt_those_that_came(relation);
}

void untrack(Oid relation) {
    catalog::Tracked tracked;

    (void)relation::obstacle(relation); // ERROR if there is no such relation
    relation::require_ownership(relation);
    LockRelationOid(relation, AccessExclusiveLock);
    (void)relation::obstacle(relation); // again: it may have gone while we waited
    if (!catalog::find(relation, &tracked))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("table %s is not tracked", relation::qualified_name(relation)),
                        errhint("SELECT relation FROM bemi.tracked_tables lists those that are.")));
    require_root(tracked);

    List *members = catalog::members(relation);
    untrack_one(tracked);
    for (int i = 0; i < list_length(members); i++) {
        LockRelationOid(list_nth_oid(members, i), AccessExclusiveLock);
        if (!relation::exists(list_nth_oid(members, i)) || !catalog::find(list_nth_oid(members, i), &tracked))
            continue;
        relation::require_ownership(tracked.relation);
        untrack_one(tracked);
    }
    follow_inheritance(); // a child of several roots stays tracked with another
}

void follow_inheritance() {
    // First all that left: a child of several roots may have left one of them, and what left may be a root
    // now.
    List *roots = catalog::roots();
    for (int i = 0; i < list_length(roots); i++)
        release_those_that_left(list_nth_oid(roots, i));
    roots = catalog::roots();
    for (int i = 0; i < list_length(roots); i++)
        adopt_those_that_came(list_nth_oid(roots, i));
}

} // namespace bemi::tracking
