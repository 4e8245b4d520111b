// Under REPEATABLE READ the transaction's snapshot does not show what the worker has stored since.
// bemi.revert() must read the store with a newer one.
#include "base/boundary.hpp"

namespace bemi::history {
namespace {

/// What the query returns, read with the latest snapshot; null if it is null.
Datum value_in_latest_snapshot(const char *sql, Oid *types, Datum *values, bool *is_null) {
    SPI_connect();
    PushActiveSnapshot(GetLatestSnapshot());
    if (SPI_execute_with_args(sql, 3, types, values, nullptr, true, 1) != SPI_OK_SELECT)
        elog(ERROR, "SPI_execute_with_args failed: %s", sql);
    Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, is_null);
    if (!*is_null)
        value = SPI_datumTransfer(value, false, -1);
    PopActiveSnapshot();
    SPI_finish();
    return value;
}

} // namespace
} // namespace bemi::history

/// The kinds that bemi.revert_found() finds with the latest snapshot: a STABLE function uses that of its
/// caller.
BEMI_FUNCTION(bemi_revert_stored) {
    Oid types[] = {JSONBOID, TEXTOID, BOOLOID};
    Datum values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};
    bool is_null;
    const Datum kinds = bemi::history::value_in_latest_snapshot("SELECT bemi.revert_found($1, $2, $3)", types,
                                                                values, &is_null);
    if (is_null)
        PG_RETURN_NULL();
    PG_RETURN_DATUM(kinds);
}
