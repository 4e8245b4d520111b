#include "worker/wal.hpp"

#include "decode/timeline.hpp"

namespace bemi::worker::wal {
namespace {

/// read_local_xlog_page() sleeps until the WAL is flushed and does not notice that the postmaster has died:
/// the orphan would keep the server from being started again. So the wait is here. It flushes the WAL itself
/// if only the first part of a record is on disk, so that the changes before that record need not wait for
/// the WAL writer.
int read_page(XLogReaderState *reader, XLogRecPtr page, int wanted, XLogRecPtr record, char *buffer) {
    // A standby reads what it has replayed.
    if (RecoveryInProgress())
        return read_local_xlog_page(reader, page, wanted, record, buffer);
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

/// Whether the segment is there for any of the timelines.
bool has_segment(List *timelines, XLogSegNo segment) {
    for (int i = 0; i < list_length(timelines); i++) {
        const auto *timeline = static_cast<const TimeLineHistoryEntry *>(list_nth(timelines, i));
        char path[MAXPGPATH];
        XLogFilePath(path, timeline->tli, segment, wal_segment_size);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
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
    // At the start of a page the insert position is behind the page header, where no record can end.
    const auto on_page = position % XLOG_BLCKSZ;
    const bool is_first_page = XLogSegmentOffset(position, wal_segment_size) < XLOG_BLCKSZ;
    return on_page == (is_first_page ? SizeOfXLogLongPHD : SizeOfXLogShortPHD) ? position - on_page
                                                                               : position;
}

bool has_written(XLogRecPtr position, TimeLineID timeline) {
    return position <= compat::flushed_wal() && decode::timeline_of(position).id == timeline;
}

bool is_complete(XLogRecPtr from, XLogRecPtr to) {
    List *timelines = readTimeLineHistory(compat::current_timeline());
    XLogSegNo segment, last;
    XLByteToSeg(from, segment, wal_segment_size);
    XLByteToPrevSeg(to, last, wal_segment_size);
    while (segment <= last && has_segment(timelines, segment))
        segment++;
    list_free_deep(timelines);
    return segment > last;
}

} // namespace bemi::worker::wal
