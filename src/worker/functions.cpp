// bemi.start(), bemi.stop(), bemi.acknowledge_gap() and bemi.acknowledge_errors().
#include "base/boundary.hpp"
#include "base/spi.hpp"
#include "store/errors.hpp"
#include "store/progress.hpp"
#include "store/server_rows.hpp"
#include "worker/claim.hpp"
#include "worker/gaps.hpp"
#include "worker/process.hpp"
#include "worker/shared.hpp"
#include "worker/slot.hpp"
#include "worker/state.hpp"
#include "worker/wakeup.hpp"

namespace bemi::worker {
namespace {

/// The name of the role that calls the function.
const char *caller() {
    const bool missing_ok = false;
    return GetUserNameFromId(GetUserId(), missing_ok);
}

/// Requests the state, which the worker learns of when the transaction commits.
state::Request request(const char *state) {
    const char *role = caller();
    const state::Request request = state::request(state, role);
    ereport(LOG_SERVER_ONLY,
            (errmsg("role \"%s\" has requested the state \"%s\" for the bemi worker of database \"%s\"", role,
                    state, get_database_name(MyDatabaseId)),
             errhidestmt(true)));
    return request;
}

/// Whether there is a worker that runs well, so that bemi.start() has nothing to do.
bool is_running_well() {
    bool runs_well = false;
    spi::as_owner([&runs_well] {
        spi::run(psprintf("SELECT FROM bemi.worker%s AND desired_state = 'running' AND attempts = 0",
                          store::server_rows::condition()));
        runs_well = SPI_processed == 1 && slot::is_ready(InvalidXLogRecPtr) && claim::is_held();
    });
    return runs_well;
}

/// A standby can neither write the request nor have a worker.
void require_primary(const char *function) {
    if (RecoveryInProgress())
        ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
                        errmsg("%s cannot be executed during recovery", function),
                        errhint("Call it on the primary. If a worker runs there, it goes on here after this "
                                "server is promoted.")));
}

void require_logical_wal() {
    if (!XLogLogicalInfoActive())
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("bemi.start() requires \"wal_level\" >= \"logical\""),
                        errhint("Run ALTER SYSTEM SET wal_level = logical and restart the server.")));
}

/// Records the gap of an invalidated slot. Otherwise the worker would record it, and pause until the next
/// bemi.start().
void note_lost_slot() {
    const char *role = caller();
    spi::as_owner([role] {
        const XLogRecPtr stored = store::progress::find().position;
        if (!XLogRecPtrIsInvalid(stored))
            gaps::note({.from = stored, .reason = gaps::slot_invalidated, .role = role});
    });
}

/// An invalidated slot may look ready: the session waits for the one that is made in its place.
void start(bool is_lost) {
    const state::Request given = request("running");
    wakeup::request_at_commit({.needs_worker = true,
                               .slot_since = is_lost ? GetXLogInsertRecPtr() : given.since,
                               .is_first = given.is_first});
}

/// Warns of changes that would be lost. If less than a segment is unread, the worker stores it before it
/// stops.
void warn_of_loss() {
    const XLogRecPtr stored = slot::confirmed();
    const uint64 unread = shared::unread_after(stored);
    if (XLogRecPtrIsInvalid(stored) || unread < static_cast<uint64>(wal_segment_size))
        return;
    ereport(NOTICE,
            (errmsg("changes that are not stored yet will be lost"),
             errdetail("%llu MB of WAL are not read yet.", static_cast<unsigned long long>(unread >> 20)),
             errhint("bemi.gaps will say from where to where. To keep them, call bemi.start(), wait until "
                     "bemi.status says that it caught up, and stop it then.")));
}

void warn_of_missing_launcher() {
    if (!process::is_launcher_running())
        ereport(NOTICE, (errmsg("bemi worker will not be started again after a restart of the server"),
                         errdetail("bemi is not in shared_preload_libraries."),
                         errhint("Add it there and restart the server, or call bemi.start() after each "
                                 "restart.")));
}

} // namespace

BEMI_FUNCTION(bemi_start) {
    require_primary("bemi.start()");
    require_logical_wal();
    claim::hold_worker();
    const bool is_lost = slot::state() == slot::State::invalidated;
    if (is_lost)
        note_lost_slot();
    if (!is_running_well())
        start(is_lost);
    warn_of_missing_launcher();
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_stop) {
    require_primary("bemi.stop()");
    const bool drop_slot = !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);
    claim::hold_worker();
    if (drop_slot)
        warn_of_loss();
    (void)request(drop_slot ? "stopped" : "paused");
    wakeup::request_at_commit({.needs_worker = drop_slot, .is_urgent = true});
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
    spi::as_owner([&count, until, role] { count = store::errors::acknowledge(until, role); });
    PG_RETURN_INT64(count);
}

} // namespace bemi::worker
