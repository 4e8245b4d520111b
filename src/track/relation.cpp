#include "relation.hpp"

#include "spi.hpp"

namespace bemi::relation {
namespace {

// BEFORE triggers fire in the order of their names. Ours must be the last, after whatever the user's triggers
// do to the row or to the context: hence the tilde, the last of the ASCII characters.
struct TriggerKind {
    const char *name;
    const char *definition;
};
constexpr TriggerKind row_trigger = {"~bemi_row", "BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW"};
constexpr TriggerKind statement_trigger = {"~bemi_statement",
                                           "BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT"};
constexpr TriggerKind truncate_trigger = {"~bemi_truncate", "BEFORE TRUNCATE ON %s FOR EACH STATEMENT"};

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
    if (form->relnamespace == get_namespace_oid("bemi", true))
        return {"It belongs to bemi.", nullptr};
    if (form->relpersistence == RELPERSISTENCE_TEMP)
        return {"It is a temporary table, whose changes are not in the WAL.", nullptr};
    if (form->relpersistence == RELPERSISTENCE_UNLOGGED)
        return {"It is an unlogged table, whose changes are not in the WAL.",
                "Use ALTER TABLE ... SET LOGGED first."};
    return {nullptr, nullptr};
}

bool has_trigger(Oid relation, const char *name) {
    return OidIsValid(get_trigger_oid(relation, name, true));
}

/// ALWAYS: rows that a replica or a restore writes (session_replication_role) are changes like others.
void create_trigger(Oid relation, const TriggerKind &kind) {
    const char *table = qualified_name(relation);
    spi::run(psprintf("CREATE OR REPLACE TRIGGER %s %s EXECUTE FUNCTION bemi.emit_context()",
                      quote_identifier(kind.name), psprintf(kind.definition, table)));
    spi::run(psprintf("ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %s", table, quote_identifier(kind.name)));
}

void drop_trigger(Oid relation, const TriggerKind &kind) {
    if (has_trigger(relation, kind.name))
        spi::run(psprintf("DROP TRIGGER %s ON %s", quote_identifier(kind.name), qualified_name(relation)));
}

void set_replica_identity(Oid relation, const char *identity) {
    spi::run(psprintf("ALTER TABLE ONLY %s REPLICA IDENTITY %s", qualified_name(relation), identity));
}

/// Whether ALTER TABLE ... REPLICA IDENTITY USING INDEX would accept it: nothing kept it fit for that while
/// the identity was FULL.
bool can_identify(Oid relation, const char *index) {
    spi::run("SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
             " WHERE i.indrelid = $1 AND c.relname = $2::name AND i.indisunique AND i.indimmediate"
             " AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL"
             " AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND NOT a.attnotnull"
             " AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))",
             {spi::oid(relation), spi::text(index)});
    return SPI_processed == 1;
}

void restore_index_identity(Oid relation, const char *index) {
    if (can_identify(relation, index)) {
        set_replica_identity(relation, psprintf("USING INDEX %s", quote_identifier(index)));
        return;
    }
    set_replica_identity(relation, "DEFAULT");
    ereport(WARNING,
            (errmsg("replica identity of table %s is now DEFAULT", qualified_name(relation)),
             errdetail("Before it was tracked it used the index \"%s\", which is gone or cannot serve as one "
                       "any more.",
                       index)));
}

void restore_identity(Oid relation, char identity, const char *index) {
    switch (identity) {
    case REPLICA_IDENTITY_DEFAULT:
        return set_replica_identity(relation, "DEFAULT");
    case REPLICA_IDENTITY_NOTHING:
        return set_replica_identity(relation, "NOTHING");
    case REPLICA_IDENTITY_INDEX:
        return restore_index_identity(relation, index);
    default: // it was FULL before
        return;
    }
}

/// Rows are in tables, never in a partitioned one, and row triggers on that would be cloned to partitions
/// which have their own.
bool holds_rows(Oid relation) {
    return get_rel_relkind(relation) == RELKIND_RELATION;
}

} // namespace

const char *qualified_name(Oid relation) {
    return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
                                      get_rel_name(relation));
}

Obstacle obstacle(Oid relation) {
    HeapTuple tuple = class_tuple(relation);
    const Obstacle result = obstacle(reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple)));
    ReleaseSysCache(tuple);
    return result;
}

bool exists(Oid relation) {
    return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation));
}

void require_ownership(Oid relation) {
    if (!compat::owns(RelationRelationId, relation, GetUserId()))
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relation));
}

void require_trackable(Oid relation) {
    const Obstacle found = obstacle(relation);
    if (found.detail != nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("cannot track %s", qualified_name(relation)),
                 errdetail("%s", found.detail), found.hint ? errhint("%s", found.hint) : 0));
    require_ownership(relation);
}

char replica_identity(Oid relation, Name index) {
    HeapTuple tuple = class_tuple(relation);
    const char identity = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relreplident;
    ReleaseSysCache(tuple);

    namestrcpy(index, "");
    if (identity == REPLICA_IDENTITY_INDEX) {
        Relation rel = relation_open(relation, AccessShareLock);
        const Oid index_oid = RelationGetReplicaIndex(rel);
        relation_close(rel, NoLock);
        if (OidIsValid(index_oid))
            namestrcpy(index, get_rel_name(index_oid));
    }
    return identity;
}

void install(Oid relation, Level level) {
    NameData index;

    SPI_connect();
    if (replica_identity(relation, &index) != REPLICA_IDENTITY_FULL)
        set_replica_identity(relation, "FULL");
    create_trigger(relation, truncate_trigger);
    if (level == Level::statement) {
        drop_trigger(relation, row_trigger);
        create_trigger(relation, statement_trigger);
    } else {
        drop_trigger(relation, statement_trigger);
        if (holds_rows(relation))
            create_trigger(relation, row_trigger);
    }
    SPI_finish();
}

void uninstall(Oid relation, char identity, const char *index) {
    NameData unused;

    SPI_connect();
    drop_trigger(relation, row_trigger);
    drop_trigger(relation, statement_trigger);
    drop_trigger(relation, truncate_trigger);
    if (replica_identity(relation, &unused) == REPLICA_IDENTITY_FULL)
        restore_identity(relation, identity, index);
    SPI_finish();
}

} // namespace bemi::relation
