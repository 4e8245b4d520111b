#include "decode/formats/table_state.hpp"

#include "base/column_rules.hpp"
#include "base/text_settings.hpp"
#include "decode/guard.hpp"
#include "decode/primary_key.hpp"

#include <algorithm>

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

/// The rule that has the greatest effect on the column.
std::optional<ColumnRule> rule_of(const RulesOfColumn &rules) {
    if (rules.is_excluded)
        return ColumnRule::exclude;
    if (rules.is_redacted)
        return ColumnRule::redact;
    return rules.is_ignored ? std::optional{ColumnRule::ignore} : std::nullopt;
}

/// Writes the value that rows have which are older than the column, and which is not in them. False if there
/// is no telling it.
bool write_missing(json::Writer &out, TupleDesc descriptor, ColumnWriter &column) {
    const size_t start = out.size();
    bool is_null, is_written = false;
    const Datum value = getmissingattr(descriptor, column.index + 1, &is_null);
    if (is_null)
        return true;
    out.raw(R"(,"missing":)");
    with_settings(fixed_settings(), [&] { is_written = write_value_guarded(out, column.value, value); });
    if (!is_written)
        out.truncate(start);
    return is_written;
}

/// Whether adding the column gives rows values that need not be alike.
bool is_computed(Form_pg_attribute attribute) {
    return attribute->atthasdef || attribute->attidentity != '\0' ||
           (get_typtype(attribute->atttypid) == TYPTYPE_DOMAIN &&
            get_typdefault(attribute->atttypid) != nullptr);
}

/// What the column is in rows that are older. The store keeps that if the column is new.
void write_first_value(json::Writer &out, TupleDesc descriptor, const RelationEntry &entry,
                       Form_pg_attribute attribute) {
    const auto column = std::find_if(entry.columns.begin(), entry.columns.end(),
                                     [attribute](const auto &c) { return c.index == attribute->attnum - 1; });
    if (column == entry.columns.end() || entry.rules.of(attribute).is_hidden())
        return;
    const bool is_known =
        attribute->atthasmissing ? write_missing(out, descriptor, *column) : !is_computed(attribute);
    if (!is_known)
        out.raw(R"(,"computed":true)");
}

void write_column(json::Writer &out, Form_pg_attribute attribute, std::optional<ColumnRule> rule) {
    out.raw(R"(,{"number":)");
    out.integer(attribute->attnum);
    out.raw(R"(,"name":)");
    out.string(NameStr(attribute->attname));
    out.raw(R"(,"type":)");
    out.string(format_type_with_typemod(attribute->atttypid, attribute->atttypmod));
    if (rule) {
        out.raw(R"(,"rule":)");
        out.string(column_rule_name(*rule));
    }
}

void write_columns(json::Writer &out, TupleDesc descriptor, const RelationEntry &entry) {
    out.raw(R"(,"columns":)");
    out.enclosed('[', ']', [&] {
        for (int i = 0; i < descriptor->natts; i++) {
            Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
            if (!is_logged(attribute))
                continue;
            write_column(out, attribute, rule_of(entry.rules.of(attribute)));
            write_first_value(out, descriptor, entry, attribute);
            out.raw('}');
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
        write_columns(out, RelationGetDescr(relation), entry);
        write_key(out, relation, entry.rules);
        out.raw(R"(,"incomplete":)");
        write_text(out, incompleteness(relation, entry.tracking));
        out.raw('}');
    });
}

} // namespace bemi::decode
