#include "decode/formats/table_state.hpp"

#include "decode/primary_key.hpp"

namespace bemi::decode {

namespace {

/// The partitioned table at the top that the relation is a partition of; itself if it is none.
Oid root_of(Relation relation) {
    const Oid oid = RelationGetRelid(relation);
    if (!relation->rd_rel->relispartition)
        return oid;
    List *ancestors = get_partition_ancestors(oid);
    return ancestors == NIL ? oid : llast_oid(ancestors);
}

/// NULL if every change of the table is stored as a whole. Whether the triggers are enabled does not matter:
/// without them, changes only lack a context.
const char *incompleteness(Relation relation, const Tracking &tracking) {
    const FormData_pg_class &form = *relation->rd_rel;
    if (!tracking.is_tracked)
        return "the table is not tracked";
    if (form.relkind == RELKIND_PARTITIONED_TABLE) // it has no rows itself
        return nullptr;
    if (form.relpersistence != RELPERSISTENCE_PERMANENT)
        return "the table is unlogged";
    return form.relreplident == REPLICA_IDENTITY_FULL ? nullptr : "the replica identity is not FULL";
}

void write_text(json::Writer &out, const char *text) {
    if (text == nullptr)
        return out.raw("null");
    out.string(text);
}

/// The rule that has the greatest effect on the column; NULL if there is none.
const char *rule_of(const RulesOfColumn &rules) {
    return rules.is_excluded   ? "exclude"
           : rules.is_redacted ? "redact"
           : rules.is_ignored  ? "ignore"
                               : nullptr;
}

void write_column(json::Writer &out, Form_pg_attribute attribute, const char *rule) {
    out.raw(R"(,{"number":)");
    out.integer(attribute->attnum);
    out.raw(R"(,"name":)");
    out.string(NameStr(attribute->attname));
    out.raw(R"(,"type":)");
    out.string(format_type_with_typemod(attribute->atttypid, attribute->atttypmod));
    if (rule != nullptr) {
        out.raw(R"(,"rule":)");
        out.string(rule);
    }
    out.raw('}');
}

void write_columns(json::Writer &out, TupleDesc descriptor, const ColumnRules &rules) {
    out.raw(R"(,"columns":)");
    out.enclosed('[', ']', [&] {
        for (int i = 0; i < descriptor->natts; i++) {
            Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
            if (!attribute->attisdropped && !compat::is_virtual(attribute))
                write_column(out, attribute, rule_of(rules.of(attribute)));
        }
    });
}

void write_key(json::Writer &out, Relation relation, const ColumnRules &rules) {
    out.raw(R"(,"key":)");
    List *key = hide_key(rules, relation) ? NIL : primary_key_attributes(relation);
    if (key == NIL)
        return out.raw("null");
    out.enclosed('[', ']', [&] {
        for (int i = 0; i < list_length(key); i++) {
            out.raw(',');
            out.string(NameStr(TupleDescAttr(RelationGetDescr(relation), list_nth_int(key, i) - 1)->attname));
        }
    });
    list_free(key);
}

} // namespace

std::string_view table_state(Relation relation, const RelationEntry &entry) {
    return json::text_of([&](json::Writer &out) {
        out.raw(R"({"root":)");
        out.integer(root_of(relation));
        write_schema_name(out, entry);
        out.raw(R"(,"table":)");
        out.string(RelationGetRelationName(relation)); // entry.table is set only if the table is tracked
        write_columns(out, RelationGetDescr(relation), entry.rules);
        write_key(out, relation, entry.rules);
        out.raw(R"(,"incomplete":)");
        write_text(out, incompleteness(relation, entry.tracking));
        out.raw('}');
    });
}

} // namespace bemi::decode
