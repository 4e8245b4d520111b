// bemi.history(), blame() and changes_between(): SQL that reads what is stored, once all is stored that was
// committed before the call.
#include "base/boundary.hpp"
#include "base/spi.hpp"
#include "history/row_set.hpp"
#include "history/select.hpp"

namespace bemi::history {
namespace {

/// Waits until the changes are stored that were committed before the call; those until then are enough, if it
/// is not NULL. On a standby nobody stores them.
void sync(const NullableDatum &until) {
    static constinit SPIPlanPtr plan = nullptr;
    static constexpr Oid types[] = {TIMESTAMPTZOID};
    if (!RecoveryInProgress())
        select(saved(plan, "SELECT bemi.sync() WHERE bemi.is_stored($1) IS NOT TRUE", types), &until.value,
               &until.isnull, [](TupleTableSlot *) {});
}

/// What the statement sees of the tables. The store may have more, of the last transaction a part only. On a
/// standby the statement reads the store as of then too.
NullableDatum visible_changes() {
    if (RecoveryInProgress())
        return {0, true};
    return {DirectFunctionCall1(pg_current_snapshot, Datum(0)), false};
}

/// What was waited for is newer than the statement. On a standby nothing was.
Snapshot snapshot_of_store() {
    return RecoveryInProgress() ? GetActiveSnapshot() : GetLatestSnapshot();
}

/// A query whose parameters are the arguments of a function, and behind these what the transaction sees.
struct StoredQuery {
    static constexpr int most_parameters = 5, none = -1;
    const char *sql;
    Oid types[most_parameters];
    int until = none; // the argument that says until when changes are wanted
    SPIPlanPtr plan = nullptr;
};

Datum give(FunctionCallInfo fcinfo, StoredQuery &query) {
    Datum values[StoredQuery::most_parameters];
    bool nulls[StoredQuery::most_parameters];
    const int count = PG_NARGS();
    for (int i = 0; i < count; i++) {
        values[i] = fcinfo->args[i].value;
        nulls[i] = fcinfo->args[i].isnull;
    }
    TupleDesc columns;
    (void)get_call_result_type(fcinfo, nullptr, &columns);
    const RowSet result = begin_rows(fcinfo, columns);
    spi::connected([&] {
        sync(query.until == StoredQuery::none ? NullableDatum{0, true} : fcinfo->args[query.until]);
        const NullableDatum visible = visible_changes();
        values[count] = visible.value;
        nulls[count] = visible.isnull;
        with_snapshot(snapshot_of_store(), [&] {
            select(saved(query.plan, query.sql, {query.types, static_cast<size_t>(count + 1)}), values, nulls,
                   [&result](TupleTableSlot *row) { add_row(result, row->tts_values, row->tts_isnull); });
        });
    });
    return Datum(0);
}

} // namespace

BEMI_FUNCTION(bemi_history) {
    static constinit StoredQuery query{
        .sql = "SELECT * FROM bemi.stored_history($1, $2, $3, $4, $5)",
        .types = {REGCLASSOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, PG_SNAPSHOTOID},
        .until = 3};
    return give(fcinfo, query);
}

BEMI_FUNCTION(bemi_history_of_number) {
    static constinit StoredQuery query{
        .sql = "SELECT * FROM bemi.stored_history($1, bemi.number_as_key($1, $2), $3, $4, $5)",
        .types = {REGCLASSOID, NUMERICOID, TIMESTAMPTZOID, TIMESTAMPTZOID, PG_SNAPSHOTOID},
        .until = 3};
    return give(fcinfo, query);
}

BEMI_FUNCTION(bemi_history_of_uuid) {
    static constinit StoredQuery query{
        .sql = "SELECT * FROM bemi.stored_history($1, $2::text, $3, $4, $5)",
        .types = {REGCLASSOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, PG_SNAPSHOTOID},
        .until = 3};
    return give(fcinfo, query);
}

BEMI_FUNCTION(bemi_blame) {
    static constinit StoredQuery query{.sql = "SELECT * FROM bemi.stored_blame($1, $2, $3)",
                                       .types = {REGCLASSOID, TEXTOID, PG_SNAPSHOTOID}};
    return give(fcinfo, query);
}

BEMI_FUNCTION(bemi_blame_of_number) {
    static constinit StoredQuery query{
        .sql = "SELECT * FROM bemi.stored_blame($1, bemi.number_as_key($1, $2), $3)",
        .types = {REGCLASSOID, NUMERICOID, PG_SNAPSHOTOID}};
    return give(fcinfo, query);
}

BEMI_FUNCTION(bemi_blame_of_uuid) {
    static constinit StoredQuery query{.sql = "SELECT * FROM bemi.stored_blame($1, $2::text, $3)",
                                       .types = {REGCLASSOID, UUIDOID, PG_SNAPSHOTOID}};
    return give(fcinfo, query);
}

BEMI_FUNCTION(bemi_changes_between) {
    static constinit StoredQuery query{.sql = "SELECT * FROM bemi.stored_changes_between($1, $2, $3, $4)",
                                       .types = {REGCLASSOID, TIMESTAMPTZOID, TIMESTAMPTZOID, PG_SNAPSHOTOID},
                                       .until = 2};
    return give(fcinfo, query);
}

} // namespace bemi::history
