#include "history/changes.hpp"

#include "base/text.hpp"
#include "history/forward.hpp"

namespace bemi::history {
namespace {

std::string_view view_at(TupleTableSlot *row, int column) {
    return view_of(DatumGetTextPP(row->tts_values[column]));
}

/// Whether the snapshot shows the transaction, of which changes are stored.
bool is_visible(int64 transaction, Snapshot snapshot) {
    constexpr uint64 half = uint64{1} << 31;
    const uint64 next = U64FromFullTransactionId(ReadNextFullTransactionId()),
                 id = static_cast<uint64>(transaction);
    // A number that is not given out yet is one of the server from which a dump was restored.
    const bool is_long_ago = id >= next || next - id >= half;
    return is_long_ago || !XidInMVCCSnapshot(static_cast<TransactionId>(id), snapshot);
}

[[noreturn]] void fail_for_truncate(Relation relation, TimestampTz committed_at, Jsonb *context) {
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("table \"%s\" was truncated since that moment", RelationGetRelationName(relation)),
             errdetail("The rows that TRUNCATE removed at %s, with context %s, are not in the history.",
                       timestamptz_to_str(committed_at),
                       JsonbToCString(nullptr, &context->root, VARSIZE(context))),
             errhint("A table that is tracked with a baseline can be read back past a TRUNCATE.")));
}

#define CHANGES                                                                                              \
    "SELECT c.schema, c.\"table\", c.commit_position, c.sequence, c.committed_at, c.transaction_id,"         \
    " c.operation, c.primary_key, c.before, c.after, c.id, c.context FROM bemi.changes c WHERE "

#define SINCE "c.committed_at OPERATOR(pg_catalog.>=) $2"
#define OF_TABLES "c.\"table\" OPERATOR(pg_catalog.=) ANY ($1) AND " SINCE

constexpr Oid types_of_tables[] = {TEXTARRAYOID, TIMESTAMPTZOID, TEXTARRAYOID};
constexpr Oid types_of_ids[] = {UUIDARRAYOID, TIMESTAMPTZOID};

} // namespace

Query Changes::of_table() {
    return single(CHANGES OF_TABLES, {types_of_tables, 2});
}

Query Changes::of_keys() {
    static constinit SPIPlanPtr plan = nullptr;
    return saved(plan, CHANGES OF_TABLES " AND c.primary_key OPERATOR(pg_catalog.=) ANY ($3)",
                 types_of_tables);
}

Query Changes::of_ids() {
    return single(CHANGES "c.id OPERATOR(pg_catalog.=) ANY ($1) AND " SINCE, types_of_ids);
}

bool Changes::has_truncation() const {
    static constinit SPIPlanPtr plan = nullptr;
    const Query truncations = saved(
        plan,
        CHANGES OF_TABLES " AND c.primary_key IS NULL AND c.operation OPERATOR(pg_catalog.=) 'TRUNCATE'",
        {types_of_tables, 2});
    const Datum values[] = {past->tables(), TimestampTzGetDatum(cut->since)};
    TimestampTz first = DT_NOEND;
    Jsonb *context = nullptr;
    MemoryContext memory = CurrentMemoryContext;
    select(truncations, values, nullptr, [&](TupleTableSlot *row) {
        const TimestampTz committed_at = DatumGetTimestampTz(row->tts_values[4]);
        if (!is_own(row) || committed_at >= first)
            return;
        MemoryContext caller = MemoryContextSwitchTo(memory);
        first = committed_at;
        context = DatumGetJsonbPCopy(row->tts_values[11]);
        MemoryContextSwitchTo(caller);
    });
    if (context != nullptr && !has_all_rows(RelationGetRelid(relation), *cut))
        fail_for_truncate(relation, first, context);
    return context != nullptr;
}

/// Whether the change is one of the table's after the cut.
bool Changes::is_own(TupleTableSlot *row) const {
    const Place place{DatumGetInt64(row->tts_values[2]), DatumGetInt64(row->tts_values[3])};
    return cut->is_after(DatumGetTimestampTz(row->tts_values[4]), place) &&
           past->has(view_at(row, 0), view_at(row, 1), place);
}

bool Changes::read(TupleTableSlot *row, StoredChange &change) const {
    if (!is_own(row))
        return false;
    const Datum *values = row->tts_values;
    change.committed_at = DatumGetTimestampTz(values[4]);
    change.place = {DatumGetInt64(values[2]), DatumGetInt64(values[3])};
    const std::string_view operation = view_at(row, 6);
    // TRUNCATE removes rows from the sight of older snapshots too.
    if (operation == "TRUNCATE")
        fail_for_truncate(relation, change.committed_at, DatumGetJsonbP(values[11]));
    change.creates = operation == "CREATE";
    change.deletes = operation == "DELETE";
    if ((!change.creates && !change.deletes && operation != "UPDATE") ||
        !is_visible(DatumGetInt64(values[5]), visible))
        return false;
    change.has_key = !row->tts_isnull[7];
    change.key = change.has_key ? view_at(row, 7) : std::string_view{};
    change.before = values[8];
    change.after = values[9];
    change.id = DatumGetUUIDP(values[10]);
    change.context = values[11];
    return true;
}

} // namespace bemi::history
