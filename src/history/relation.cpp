#include "history/relation.hpp"

#include "base/boundary.hpp"

namespace bemi::history {
namespace {

[[noreturn]] void refuse(Relation relation, const char *kind) {
    ereport(ERROR,
            (errcode(ERRCODE_WRONG_OBJECT_TYPE),
             errmsg("\"%s\" has no history", RelationGetRelationName(relation)), errdetail("It is %s.", kind),
             errhint("Only changes of your permanent tables are stored.")));
}

const char *kind_without_history(const FormData_pg_class &relation) {
    if (relation.oid < FirstNormalObjectId)
        return "a system table";
    if (relation.relnamespace == get_namespace_oid("bemi", true))
        return "a relation of bemi's own";
    switch (relation.relkind) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
        break;
    case RELKIND_VIEW:
        return "a view";
    case RELKIND_MATVIEW:
        return "a materialized view";
    case RELKIND_FOREIGN_TABLE:
        return "a foreign table";
    case RELKIND_COMPOSITE_TYPE:
        return "a composite type";
    default:
        return "a relation of another kind";
    }
    if (relation.relpersistence == RELPERSISTENCE_TEMP)
        return "a temporary table";
    return relation.relpersistence == RELPERSISTENCE_UNLOGGED ? "an unlogged table" : nullptr;
}

} // namespace

Relation open_table(Oid oid) {
    Relation relation = relation_open(oid, AccessShareLock);
    if (const char *kind = kind_without_history(*relation->rd_rel); kind != nullptr)
        refuse(relation, kind);
    return relation;
}

Relation open_table_of(Oid row_type) {
    const Oid relation = OidIsValid(row_type) ? get_typ_typrelid(row_type) : InvalidOid;
    if (!OidIsValid(relation))
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        OidIsValid(row_type)
                            ? errmsg("type %s is not the row type of a table", format_type_be(row_type))
                            : errmsg("the row type is not known"),
                        errhint("Write NULL::todo for the rows of the table todo.")));
    return open_table(relation);
}

void require_old_files(Oid oid) {
    List *all = find_all_inheritors(oid, AccessShareLock, nullptr);
    for (int i = 0; i < list_length(all); i++) {
        Relation relation = relation_open(list_nth_oid(all, i), NoLock);
        if (compat::has_new_file(relation))
            ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                            errmsg("table \"%s\" has new files in this transaction",
                                   RelationGetRelationName(relation)),
                            errdetail("TRUNCATE and some forms of ALTER TABLE make new files."),
                            errhint("Look at the past of the table in another transaction.")));
        relation_close(relation, NoLock);
    }
    list_free(all);
}

} // namespace bemi::history

/// ERROR unless it is a table whose changes can be stored.
BEMI_FUNCTION(bemi_require_table) {
    relation_close(bemi::history::open_table(PG_GETARG_OID(0)), AccessShareLock);
    PG_RETURN_VOID();
}
