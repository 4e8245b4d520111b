#include "track/replica_identity.hpp"

#include "base/names.hpp"
#include "track/relation.hpp"

namespace bemi::track::replica_identity {
namespace {

/// Does what ALTER TABLE ONLY ... REPLICA IDENTITY does, as the current user.
void set(Oid relation, char identity, const char *index = nullptr) {
    auto *clause = makeNode(ReplicaIdentityStmt);
    clause->identity_type = identity;
    clause->name = const_cast<char *>(index);
    auto *command = makeNode(AlterTableCmd);
    command->subtype = AT_ReplicaIdentity;
    command->def = reinterpret_cast<Node *>(clause);
    const bool recurse = false;

    // Otherwise event triggers would see this command as a part of the user's command that is running.
    EventTriggerInhibitCommandCollection();
    PG_TRY();
    { AlterTableInternal(relation, list_make1(command), recurse); }
    PG_FINALLY();
    { EventTriggerUndoInhibitCommandCollection(); }
    PG_END_TRY();
    CommandCounterIncrement();
}

bool has_nullable_column(const FormData_pg_index *index) {
    for (int i = 0; i < index->indnkeyatts; i++) {
        HeapTuple tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(index->indrelid),
                                          Int16GetDatum(index->indkey.values[i]));
        if (!HeapTupleIsValid(tuple))
            return true; // the key is an expression
        const bool not_null = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple))->attnotnull;
        ReleaseSysCache(tuple);
        if (!not_null)
            return true;
    }
    return false;
}

/// Whether ALTER TABLE ... REPLICA IDENTITY USING INDEX would accept the index. While the identity was FULL,
/// the index could be dropped, or its columns become nullable.
bool can_identify(Oid relation, Oid index) {
    HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple))
        return false;
    const auto *form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
    const bool fits = form->indrelid == relation && form->indisunique && form->indimmediate &&
                      form->indisvalid && heap_attisnull(tuple, Anum_pg_index_indpred, nullptr) &&
                      !has_nullable_column(form);
    ReleaseSysCache(tuple);
    return fits;
}

void restore_index(Oid relation, std::string_view index) {
    const char *name = pnstrdup(index.data(), index.size());
    if (can_identify(relation, get_relname_relid(name, get_rel_namespace(relation))))
        return set(relation, REPLICA_IDENTITY_INDEX, name);
    set(relation, REPLICA_IDENTITY_DEFAULT);
    ereport(
        WARNING,
        (errmsg("replica identity of table \"%s\" is now DEFAULT", names::unquoted(relation)),
         errdetail("Before the table was tracked it was index \"%s\", which does not exist or cannot be a "
                   "replica identity any more.",
                   name)));
}

} // namespace

char read(Oid relation, std::string_view *index) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for relation %u", relation);
    const char identity = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relreplident;
    ReleaseSysCache(tuple);

    if (identity == REPLICA_IDENTITY_INDEX) {
        Relation rel = relation_open(relation, AccessShareLock);
        const Oid oid = RelationGetReplicaIndex(rel);
        relation_close(rel, NoLock);
        const char *name = OidIsValid(oid) ? get_rel_name(oid) : nullptr;
        *index = name == nullptr ? "" : name;
    }
    return identity;
}

void set_full(Oid relation) {
    std::string_view unused;
    if (read(relation, &unused) != REPLICA_IDENTITY_FULL)
        set(relation, REPLICA_IDENTITY_FULL);
}

void restore(Oid relation, char identity, std::string_view index) {
    std::string_view unused;
    if (identity == REPLICA_IDENTITY_FULL || read(relation, &unused) != REPLICA_IDENTITY_FULL)
        return;
    if (identity == REPLICA_IDENTITY_INDEX)
        restore_index(relation, index);
    else
        set(relation, identity);
}

} // namespace bemi::track::replica_identity
