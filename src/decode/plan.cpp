#include "plan.hpp"

#include "own_tables.hpp"
#include "formats/format.hpp"
#include "primary_key.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

/// A materialized view is no table, though the WAL has its rows like those of one.
bool is_for(const Format &format, Relation relation) {
    return format.has_materialized_views || relation->rd_rel->relkind != RELKIND_MATVIEW;
}

bool wants(Relation relation, const RelationPlan &plan, const Format &format, const Options &options) {
    return !is_own_table(relation) && is_for(format, relation) &&
           options.wants_table(plan.schema, RelationGetRelationName(relation)) &&
           (!options.tracked_only || plan.tracking.is_tracked);
}

ColumnPlan *allocate_columns(int count) {
    return static_cast<ColumnPlan *>(palloc(sizeof(ColumnPlan) * static_cast<size_t>(count)));
}

std::span<ColumnPlan> plan_columns(Relation relation, const Format &format, const Options &options) {
    TupleDesc descriptor = RelationGetDescr(relation);
    ColumnPlan *columns = allocate_columns(descriptor->natts);
    size_t count = 0;
    for (int i = 0; i < descriptor->natts; i++) {
        Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
        // A virtual generated column is computed when it is read: the WAL does not have it.
        if (!attribute->attisdropped && !compat::is_virtual(attribute))
            columns[count++] = format.column(relation, attribute, options);
    }
    return {columns, count};
}

/// The columns that the WAL has of old rows.
std::span<ColumnPlan> plan_identity(Relation relation, std::span<ColumnPlan> columns) {
    if (relation->rd_rel->relreplident == REPLICA_IDENTITY_FULL)
        return columns;

    Bitmapset *key = RelationGetIdentityKeyBitmap(relation);
    ColumnPlan *identity = allocate_columns(bms_num_members(key));
    size_t count = 0;
    for (const ColumnPlan &column : columns)
        if (bms_is_member(column.index + 1 - FirstLowInvalidHeapAttributeNumber, key))
            identity[count++] = column;
    return {identity, count};
}

void plan_key_output(RelationPlan &plan, TupleDesc descriptor) {
    if (plan.primary_key.size() != 1)
        return;
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(TupleDescAttr(descriptor, plan.primary_key.front().index)->atttypid, &output,
                      &is_varlena);
    fmgr_info_cxt(output, &plan.key_output, CurrentMemoryContext);
}

/// A key of one column is written as its text, which of more types depends on settings than their JSON does.
bool key_uses_settings(const RelationPlan &plan) {
    using Kind = ValuePlan::Kind;
    if (plan.primary_key.size() != 1)
        return false;
    const ValuePlan &value = plan.primary_key.front().value;
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

void write_schema_name(JsonWriter &out, const RelationPlan &plan) {
    out.raw(",\"schema\":");
    out.string(plan.schema);
}

void write_table_name(JsonWriter &out, const RelationPlan &plan) {
    out.raw(",\"table\":");
    out.string(plan.table);
}

RelationPlan *plan_relation(Relation relation, const Format &format, const Options &options) {
    auto *plan = static_cast<RelationPlan *>(palloc0(sizeof(RelationPlan)));
    const char *schema = get_namespace_name(RelationGetNamespace(relation));
    plan->schema = schema == nullptr ? "" : schema;
    plan->tracking = tracking_of(RelationGetRelid(relation));
    plan->wanted = wants(relation, *plan, format, options);
    if (!plan->wanted)
        return plan;

    TupleDesc descriptor = RelationGetDescr(relation);
    plan->table = pstrdup(RelationGetRelationName(relation));
    if (format.names != nullptr)
        plan->names = format.names(*plan, options);
    plan->columns = plan_columns(relation, format, options);
    plan->identity = plan_identity(relation, plan->columns);
    plan->has_identity = !plan->identity.empty() || relation->rd_rel->relreplident == REPLICA_IDENTITY_FULL;
    plan->primary_key = format.primary_key(relation, plan->columns);
    plan_key_output(*plan, descriptor);
    for (const ColumnPlan &column : plan->columns)
        plan->risk = std::max(plan->risk, column.value.risk);
    plan->uses_row_type = std::any_of(plan->columns.begin(), plan->columns.end(),
                                      [](const ColumnPlan &column) { return uses_row_type(column.value); });
    plan->uses_settings = key_uses_settings(*plan) ||
                          std::any_of(plan->columns.begin(), plan->columns.end(),
                                      [](const ColumnPlan &column) { return uses_settings(column.value); });
    plan->old_row = allocate_row(descriptor->natts);
    plan->new_row = allocate_row(descriptor->natts);
    plan->old_members =
        static_cast<Member *>(palloc0(static_cast<size_t>(descriptor->natts) * sizeof(Member)));
    return plan;
}

} // namespace bemi::decode
