// bemi.sync(): waits until everything that was committed before the call is stored.
#include "base/boundary.hpp"
#include "base/lsn.hpp"
#include "base/spi.hpp"
#include "guc.hpp"
#include "store/server_rows.hpp"
#include "worker/process.hpp"
#include "worker/shared.hpp"
#include "worker/wakeup.hpp"
#include "worker/wal.hpp"

#include <algorithm>

namespace bemi::worker {
namespace {

long milliseconds_of(const Interval &interval) {
    constexpr int64 longest = INT_MAX;
    const int64 days = interval.day + int64{DAYS_PER_MONTH} * interval.month;
    if (interval.time < 0 || days < 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("timeout must not be negative")));
    return static_cast<long>(std::min(longest, std::min(longest, interval.time / 1000) +
                                                   std::min(longest, days) * int64{SECS_PER_DAY} * 1000));
}

[[noreturn]] void refuse(const char *detail, const char *hint) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no worker stores changes"),
                    errdetail("%s", detail), errhint("%s", hint)));
}

void require_primary() {
    if (RecoveryInProgress())
        refuse("Recovery is in progress.",
               "The worker of the primary stores changes, and this server gets them from there.");
    if (!shared::is_available())
        refuse("There is not enough shared memory for the worker to publish how far it is.",
               "Add bemi to shared_preload_libraries and restart the server.");
}

bool is_worker_desired() {
    bool is_desired = false;
    spi::as_owner([&is_desired] {
        spi::run(psprintf("SELECT FROM bemi.worker%s AND desired_state = 'running'",
                          store::server_rows::condition()));
        is_desired = SPI_processed > 0;
    });
    return is_desired;
}

/// An ERROR if there is no worker and none will be started: the launcher restarts a worker that has failed.
void require_worker() {
    if (process::worker_of(MyDatabaseId) != 0)
        return;
    if (!is_worker_desired())
        refuse("It was not started, or was paused.", "Call bemi.start().");
    if (!process::is_launcher_running())
        refuse("It has ended, and bemi is not in shared_preload_libraries.", "Call bemi.start().");
}

char *lag_behind(XLogRecPtr position) {
    const std::optional<shared::Report> report = shared::report();
    if (!report)
        return psprintf("It waited for %s, and the worker does not read yet.", lsn_text(position));
    return psprintf(
        "It waited for %s, and all before %s is stored. The worker has %llu bytes of WAL to read, and the "
        "oldest change that is not stored was committed %.1f s ago.",
        lsn_text(position), lsn_text(report->stored), static_cast<unsigned long long>(report->unread),
        static_cast<double>(report->lag) / USECS_PER_SEC);
}

[[noreturn]] void fail(XLogRecPtr position) {
    if (process::worker_of(MyDatabaseId) == 0)
        refuse("It has ended.", "See what bemi.doctor() says.");
    ereport(ERROR,
            (errcode(ERRCODE_LOCK_NOT_AVAILABLE), errmsg("timeout while waiting for changes to be stored"),
             errdetail("%s", lag_behind(position)),
             errhint("bemi.metrics shows what the worker does and waits for. It waits for locks of this "
                     "transaction too.")));
}

void wait_for(XLogRecPtr position, long timeout) {
    // A worker that ends does not wake the sessions that wait for it.
    constexpr long look_again_ms = 100;
    const TimestampTz begin = GetCurrentTimestamp();
    long left = timeout;
    require_worker();
    wakeup::at_once();
    while (!shared::wait_for(position, std::min(left, look_again_ms))) {
        require_worker();
        left = timeout - static_cast<long>(TimestampDifferenceMilliseconds(begin, GetCurrentTimestamp()));
        if (left <= 0)
            fail(position);
    }
}

} // namespace

BEMI_FUNCTION(bemi_sync) {
    const long timeout = PG_ARGISNULL(0) ? guc::sync_timeout : milliseconds_of(*PG_GETARG_INTERVAL_P(0));
    require_primary();
    const XLogRecPtr position = wal::inserted_end();
    XLogFlush(position); // commits with synchronous_commit = off may not be on disk yet
    wait_for(position, timeout);
    PG_RETURN_LSN(position);
}

} // namespace bemi::worker
