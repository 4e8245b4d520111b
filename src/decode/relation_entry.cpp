#include "decode/relation_entry.hpp"

#include "decode/format.hpp"
#include "decode/own_tables.hpp"
#include "decode/primary_key.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

/// The WAL has rows of materialized views like those of tables, but not every format has lines for them.
bool has_lines_for(const Format &format, Relation relation) {
    return format.has_materialized_views || relation->rd_rel->relkind != RELKIND_MATVIEW;
}

bool is_included(Relation relation, const RelationEntry &entry, const Format &format,
                 const Options &options) {
    return !is_own_table(relation) && has_lines_for(format, relation) &&
           options.includes_table(entry.schema, RelationGetRelationName(relation)) &&
           (!options.tracked_only || entry.tracking.is_tracked);
}

ColumnWriter *allocate_columns(int count) {
    return static_cast<ColumnWriter *>(palloc(sizeof(ColumnWriter) * static_cast<size_t>(count)));
}

/// The columns of which changes have values.
std::span<ColumnWriter> make_columns(Relation relation, const ColumnRules &rules, const Format &format,
                                     const Options &options) {
    TupleDesc descriptor = RelationGetDescr(relation);
    ColumnWriter *columns = allocate_columns(descriptor->natts);
    size_t count = 0;
    for (int i = 0; i < descriptor->natts; i++) {
        Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
        if (!is_logged(attribute) || rules.of(attribute).is_excluded)
            continue;
        FormData_pg_attribute as_text;
        if (rules.of(attribute).is_redacted) {
            as_text = redacted(attribute);
            attribute = &as_text;
        }
        columns[count++] = format.column(relation, attribute, options);
    }
    return {columns, count};
}

/// The columns of old rows that the WAL contains.
std::span<ColumnWriter> identity_columns(Relation relation, std::span<ColumnWriter> columns) {
    if (relation->rd_rel->relreplident == REPLICA_IDENTITY_FULL)
        return columns;

    Bitmapset *key = RelationGetIdentityKeyBitmap(relation);
    ColumnWriter *identity = allocate_columns(bms_num_members(key));
    size_t count = 0;
    for (const ColumnWriter &column : columns)
        if (bms_is_member(column.index + 1 - FirstLowInvalidHeapAttributeNumber, key))
            identity[count++] = column;
    return {identity, count};
}

bool has_identity(Relation relation) {
    return relation->rd_rel->relreplident == REPLICA_IDENTITY_FULL ||
           !bms_is_empty(RelationGetIdentityKeyBitmap(relation));
}

/// Looks up the output function for a primary key of one column.
void set_key_output(RelationEntry &entry, TupleDesc descriptor) {
    if (entry.primary_key.size() != 1)
        return;
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(TupleDescAttr(descriptor, entry.primary_key.front().index)->atttypid, &output,
                      &is_varlena);
    fmgr_info_cxt(output, &entry.key_output, CurrentMemoryContext);
}

/// A primary key of one column is written as its text. The text of a type may depend on settings even if its
/// JSON does not: that of a date depends on DateStyle.
bool key_uses_settings(const RelationEntry &entry) {
    using Kind = ValueWriter::Kind;
    if (entry.primary_key.size() != 1)
        return false;
    const ValueWriter &value = entry.primary_key.front().value;
    return !value.is_integer() && value.kind != Kind::text && value.kind != Kind::uuid;
}

Row allocate_row(int natts) {
    const auto count = static_cast<size_t>(natts);
    return {.values = static_cast<Datum *>(palloc(count * sizeof(Datum))),
            .nulls = static_cast<bool *>(palloc(count * sizeof(bool))),
            .present = false,
            .unreadable = nullptr};
}

} // namespace

void write_schema_name(json::Writer &out, const RelationEntry &entry) {
    out.raw(",\"schema\":");
    out.string(entry.schema);
}

void write_table_name(json::Writer &out, const RelationEntry &entry) {
    out.raw(",\"table\":");
    out.string(entry.table);
}

RelationEntry *make_relation_entry(Relation relation, const Format &format, const Options &options) {
    auto *entry = static_cast<RelationEntry *>(palloc0(sizeof(RelationEntry)));
    const char *schema = get_namespace_name(RelationGetNamespace(relation));
    entry->oid = RelationGetRelid(relation);
    entry->schema = schema == nullptr ? "" : schema;
    entry->tracking = tracking_of(RelationGetRelid(relation));
    entry->rules = make_column_rules(relation, entry->tracking.arguments);
    entry->included = is_included(relation, *entry, format, options);
    if (!entry->included)
        return entry;

    TupleDesc descriptor = RelationGetDescr(relation);
    entry->table = pstrdup(RelationGetRelationName(relation));
    if (format.names != nullptr)
        entry->names = format.names(*entry, options);
    entry->columns = make_columns(relation, entry->rules, format, options);
    entry->identity = identity_columns(relation, entry->columns);
    entry->has_identity = has_identity(relation);
    if (!hide_key(entry->rules, relation))
        entry->primary_key = format.primary_key(relation, entry->columns);
    set_key_output(*entry, descriptor);
    for (const ColumnWriter &column : entry->columns)
        entry->risk = std::max(entry->risk, column.value.risk);
    entry->uses_row_type =
        std::any_of(entry->columns.begin(), entry->columns.end(),
                    [](const ColumnWriter &column) { return uses_row_type(column.value); });
    entry->uses_settings =
        key_uses_settings(*entry) ||
        std::any_of(entry->columns.begin(), entry->columns.end(),
                    [](const ColumnWriter &column) { return uses_settings(column.value); });
    if (format.table_state != nullptr)
        entry->state = format.table_state(relation, *entry);
    entry->old_row = allocate_row(descriptor->natts);
    entry->new_row = allocate_row(descriptor->natts);
    entry->old_members =
        static_cast<WrittenMember *>(palloc0(static_cast<size_t>(descriptor->natts) * sizeof(WrittenMember)));
    return entry;
}

} // namespace bemi::decode
