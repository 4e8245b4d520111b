#include "track/relation.hpp"

#include "base/names.hpp"

namespace bemi::track::relation {
namespace {

HeapTuple class_tuple(Oid relation) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relation)));
    return tuple;
}

Obstacle kind_obstacle(char kind) {
    switch (kind) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
        return {nullptr, nullptr};
    case RELKIND_VIEW:
        return {"It is a view, which has no rows of its own.", "Track the tables that it reads from."};
    case RELKIND_MATVIEW:
        return {"It is a materialized view, which is never written row by row.",
                "Track the tables that it reads from."};
    case RELKIND_FOREIGN_TABLE:
        return {"It is a foreign table, whose changes are not in the WAL of this server.",
                "Track the table on the server that holds it."};
    default:
        return {"It is not a table.", nullptr};
    }
}

Obstacle obstacle(const FormData_pg_class *form) {
    const Obstacle kind = kind_obstacle(form->relkind);
    if (kind.detail != nullptr)
        return kind;
    if (IsCatalogRelationOid(form->oid) || IsCatalogNamespace(form->relnamespace) ||
        form->relnamespace == get_namespace_oid("information_schema", true))
        return {"It is a system catalog.", nullptr};
    if (form->relnamespace == names::own_schema())
        return {"It belongs to extension \"bemi\".", nullptr};
    if (form->relpersistence == RELPERSISTENCE_TEMP)
        return {"It is a temporary table, whose changes are not in the WAL.", nullptr};
    if (form->relpersistence == RELPERSISTENCE_UNLOGGED)
        return {"It is an unlogged table, whose changes are not in the WAL.",
                "Use ALTER TABLE ... SET LOGGED first."};
    return {nullptr, nullptr};
}

/// PostgreSQL refuses to alter a partition while DETACH PARTITION CONCURRENTLY is unfinished.
bool is_being_detached(Oid relation) {
    return get_rel_relispartition(relation) && PartitionHasPendingDetach(relation);
}

} // namespace

Obstacle obstacle(Oid relation) {
    HeapTuple tuple = class_tuple(relation);
    const Obstacle result = obstacle(reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple)));
    ReleaseSysCache(tuple);
    return result;
}

bool exists(Oid relation) {
    return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation));
}

bool is_owned(Oid relation) {
    const Oid owner = names::owner_of(relation);
    return OidIsValid(owner) && has_privs_of_role(GetUserId(), owner);
}

bool is_trackable(Oid relation) {
    bool trackable = false;
    if (HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation)); HeapTupleIsValid(tuple)) {
        trackable = obstacle(reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))).detail == nullptr;
        ReleaseSysCache(tuple);
    }
    return trackable;
}

void require_ownership(Oid relation) {
    if (!compat::owns(RelationRelationId, relation, GetUserId()))
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relation));
}

void require_trackable(Oid relation) {
    const Obstacle found = obstacle(relation);
    if (found.detail != nullptr)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("cannot track relation \"%s\"", names::unquoted(relation)),
                        errdetail("%s", found.detail), found.hint ? errhint("%s", found.hint) : 0));
    require_ownership(relation);
}

bool try_lock(Oid relation) {
    return is_owned(relation) && is_trackable(relation) &&
           ConditionalLockRelationOid(relation, AccessExclusiveLock) && is_owned(relation) &&
           is_trackable(relation) && !is_being_detached(relation);
}

bool is_in_use(Oid relation) {
    const LOCKMODE held_already = NoLock;
    Relation rel = relation_open(relation, held_already);
    constexpr int own_reference = 1;
    const bool in_use = rel->rd_refcnt > own_reference || AfterTriggerPendingOnRel(relation);
    relation_close(rel, held_already);
    return in_use;
}

bool may_have_rows(Oid relation) {
    return !ConditionalLockRelationOid(relation, AccessShareLock) || (exists(relation) && has_rows(relation));
}

bool has_rows(Oid relation) {
    if (get_rel_relkind(relation) != RELKIND_RELATION)
        return false;
    const LOCKMODE held_already = NoLock;
    Relation rel = relation_open(relation, held_already);
    const bool has = RelationGetNumberOfBlocks(rel) > 0;
    relation_close(rel, held_already);
    return has;
}

} // namespace bemi::track::relation
