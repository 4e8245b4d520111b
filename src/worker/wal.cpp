#include "wal.hpp"

namespace bemi::wal {
namespace {

/// PostgreSQL's own function sleeps until the WAL is there, and notices nothing else: without the postmaster
/// it would sleep for ever, and keep the server from being started again. So we wait ourselves.
int read_page(XLogReaderState *reader, XLogRecPtr page, int wanted, XLogRecPtr record, char *buffer) {
    constexpr long poll_ms = 10;
    while (compat::flushed_wal() < page + static_cast<XLogRecPtr>(wanted)) {
        CHECK_FOR_INTERRUPTS();
        (void)WaitLatch(nullptr, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, poll_ms, PG_WAIT_EXTENSION);
    }
    return read_local_xlog_page(reader, page, wanted, record, buffer);
}

} // namespace

XLogReaderRoutine reader_routine() {
    XLogReaderRoutine routine{};
    routine.page_read = read_page;
    routine.segment_open = wal_segment_open;
    routine.segment_close = wal_segment_close;
    return routine;
}

} // namespace bemi::wal
