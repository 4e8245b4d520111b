#include "wal.hpp"

namespace bemi::wal {
namespace {

/// PostgreSQL's own function sleeps until the WAL is there, and notices nothing else: without the postmaster
/// it would sleep for ever, and keep the server from being started again. So we wait ourselves. If only the
/// first part of a record is on disk, the changes before it must not wait for the WAL writer to come by.
int read_page(XLogReaderState *reader, XLogRecPtr page, int wanted, XLogRecPtr record, char *buffer) {
    constexpr long poll_ms = 10;
    const XLogRecPtr end = page + static_cast<XLogRecPtr>(wanted);
    while (compat::flushed_wal() < end) {
        CHECK_FOR_INTERRUPTS();
        (void)WaitLatch(nullptr, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, poll_ms, PG_WAIT_EXTENSION);
        if (end <= inserted_end())
            XLogFlush(end);
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

XLogRecPtr inserted_end() {
    const XLogRecPtr position = GetXLogInsertRecPtr();
    // On a page that has no record yet, the position is behind the page's header: no record ends there.
    const auto on_page = position % XLOG_BLCKSZ;
    const bool is_first_page = XLogSegmentOffset(position, wal_segment_size) < XLOG_BLCKSZ;
    return on_page == (is_first_page ? SizeOfXLogLongPHD : SizeOfXLogShortPHD) ? position - on_page
                                                                               : position;
}

} // namespace bemi::wal
