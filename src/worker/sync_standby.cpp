// bemi.sync_standby(): waits until the history has got to a standby as far as its tables have.
#include "base/boundary.hpp"
#include "base/lsn.hpp"
#include "base/spi.hpp"
#include "guc.hpp"
#include "store/server_rows.hpp"
#include "worker/wal_search.hpp"

#include <optional>

namespace bemi::worker {
namespace {

/// What the latest snapshot shows: everything committed before this position is stored.
std::optional<XLogRecPtr> stored_position() {
    std::optional<XLogRecPtr> position;
    const bool read_only = true; // the active snapshot is used
    spi::as_owner([&] {
        PushActiveSnapshot(GetLatestSnapshot());
        SPI_execute(psprintf("SELECT position FROM bemi.progress%s", store::server_rows::condition()),
                    read_only, 1);
        if (SPI_processed == 1)
            position = DatumGetLSN(spi::value(1));
        PopActiveSnapshot();
    });
    return position;
}

[[noreturn]] void refuse() {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no worker stores changes"),
                    errdetail("The worker of the primary was never started, as far as this standby has got."),
                    errhint("Call bemi.start() on the primary.")));
}

[[noreturn]] void fail(XLogRecPtr stored, XLogRecPtr replayed) {
    ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
                    errmsg("timeout while waiting for changes to be stored and replicated"),
                    errdetail("This standby has got to %s, and the history that it has, to %s.",
                              lsn_text(replayed), lsn_text(stored)),
                    errhint("See bemi.status on the primary.")));
}

void sync_standby() {
    const XLogRecPtr replayed = GetXLogReplayRecPtr(nullptr);
    const TimestampTz begin = GetCurrentTimestamp();
    for (;;) {
        const std::optional<XLogRecPtr> stored = stored_position();
        if (!stored)
            refuse();
        // The worker notes its progress with what it stores. After that may come what changes no rows.
        if (*stored >= replayed || !wal::may_have_changes_in_transaction(*stored, replayed))
            return;
        if (TimestampDifferenceExceeds(begin, GetCurrentTimestamp(), guc::sync_timeout))
            fail(*stored, replayed);
        constexpr long pause_us = 20'000;
        CHECK_FOR_INTERRUPTS();
        pg_usleep(pause_us);
    }
}

} // namespace
} // namespace bemi::worker

BEMI_FUNCTION(bemi_sync_standby) {
    if (RecoveryInProgress())
        bemi::worker::sync_standby();
    PG_RETURN_VOID();
}
