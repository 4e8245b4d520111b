// bemi.start(), bemi.stop(), bemi.acknowledge_gap() and bemi.acknowledge_errors().
#include "boundary.hpp"
#include "errors.hpp"
#include "gaps.hpp"
#include "process.hpp"
#include "slot.hpp"
#include "state.hpp"
#include "track/spi.hpp"
#include "wakeup.hpp"

namespace bemi {
namespace {

/// Who calls the function.
const char *caller() {
    const bool missing_ok = false;
    return GetUserNameFromId(GetUserId(), missing_ok);
}

/// Writes the order, of which the worker hears when the transaction commits.
void order(const char *wanted) {
    const bool missing_ok = false;
    spi::run_as_owner(
        "INSERT INTO bemi.worker (system_identifier, database, wanted) VALUES ($1, $2, $3)"
        " ON CONFLICT (system_identifier, database)"
        " DO UPDATE SET wanted = excluded.wanted, attempts = 0, crashes = 0",
        {spi::integer(static_cast<int64>(GetSystemIdentifier())), spi::oid(MyDatabaseId), spi::text(wanted)});
    CacheInvalidateRelcacheByRelid(get_relname_relid("worker", get_namespace_oid("bemi", missing_ok)));
    wakeup::all_at_commit();
    ereport(LOG_SERVER_ONLY, (errmsg("bemi is to be %s in database \"%s\", says role \"%s\"", wanted,
                                     get_database_name(MyDatabaseId), caller()),
                              errhidestmt(true)));
}

/// A standby cannot write what is wanted, and has no worker.
void require_primary(const char *function) {
    if (RecoveryInProgress())
        ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
                        errmsg("%s cannot be executed during recovery", function),
                        errhint("Call it on the primary. A worker that runs there goes on here after the "
                                "promotion of this server.")));
}

void require_logical_wal() {
    if (!XLogLogicalInfoActive())
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("bemi.start() requires wal_level = logical"),
                        errhint("Run ALTER SYSTEM SET wal_level = logical and restart the server.")));
}

/// Puts what an invalidated slot has lost on record. Without that the worker would do so, and pause until it
/// is asked again.
void note_lost_slot() {
    if (slot::state() != slot::State::invalidated)
        return;
    const char *role = caller();
    spi::as_owner([role] {
        spi::run(psprintf("SELECT position FROM bemi.progress%s", state::own_row()));
        if (SPI_processed == 1)
            gaps::note({.from = DatumGetLSN(spi::value(1)), .reason = gaps::slot_invalidated, .role = role});
    });
}

/// Starts a process that follows the order once this transaction has ended, and the worker of before has
/// left.
void start_worker() {
    if (!process::start_worker(MyDatabaseId, GetTopTransactionId()))
        ereport(ERROR,
                (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED), errmsg("could not start a background worker"),
                 errhint("You might need to increase max_worker_processes.")));
}

void note_missing_launcher() {
    if (!process::is_launcher_running())
        ereport(NOTICE, (errmsg("the worker will run until the server is restarted"),
                         errdetail("bemi is not in shared_preload_libraries."),
                         errhint("Add it there and restart the server, or call bemi.start() after each "
                                 "restart.")));
}

} // namespace
} // namespace bemi

using namespace bemi;

BEMI_FUNCTION(bemi_start) {
    require_primary("bemi.start()");
    require_logical_wal();
    note_lost_slot();
    order("running");
    start_worker();
    wakeup::slot_at_commit();
    note_missing_launcher();
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_stop) {
    require_primary("bemi.stop()");
    const bool drop_slot = !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);
    order(drop_slot ? "ended" : "paused");
    if (drop_slot) // by a worker, should there be none any more
        start_worker();
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_acknowledge_gap) {
    const int64 id = PG_GETARG_INT64(0);
    const char *role = caller();
    spi::as_owner([id, role] { gaps::acknowledge(id, role); });
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_acknowledge_errors) {
    const TimestampTz until = PG_GETARG_TIMESTAMPTZ(0);
    const char *role = caller();
    int64 count = 0;
    spi::as_owner([&count, until, role] { count = errors::acknowledge(until, role); });
    PG_RETURN_INT64(count);
}
