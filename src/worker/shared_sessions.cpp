// What sessions note when they commit, and what they read of the worker.
#include "worker/shared.hpp"
#include "worker/shared_entry.hpp"

#include <algorithm>

namespace bemi::worker::shared {
namespace {

/// How many of the worker's own bytes lie behind `read`, assuming that they are spread evenly.
uint64 own_unread(const OwnWal &wal, XLogRecPtr read) {
    if (wal.to <= read)
        return 0;
    if (read <= wal.from)
        return wal.bytes;
    const double part = static_cast<double>(wal.to - read) / static_cast<double>(wal.to - wal.from);
    return static_cast<uint64>(part * static_cast<double>(wal.bytes));
}

uint64 unread(const OwnWal &wal, XLogRecPtr stored, XLogRecPtr flushed) {
    const uint64 all = flushed > stored ? flushed - stored : 0;
    return all - std::min(all, own_unread(wal, stored));
}

/// The time of the oldest commit that is not stored; 0 if no such commit is known.
TimestampTz oldest(const Entry &entry) {
    if (entry.batch_committed_at != 0)
        return entry.batch_committed_at;
    // The noted commit may be stored by now. Later commits are not older than the last stored one.
    return entry.noted == InvalidXLogRecPtr ? 0 : std::max(entry.noted_at, entry.last_committed_at);
}

} // namespace

void search() {
    own = entry_of_slot();
}

void note_commit() {
    // This runs in every commit: a note that is there already is recognised without taking the mutex.
    if (own == nullptr || own->database != MyDatabaseId || own->noted != InvalidXLogRecPtr)
        return;
    const TimestampTz now = GetCurrentTransactionStopTimestamp();
    const XLogRecPtr position =
        XLogRecPtrIsInvalid(XactLastCommitEnd) ? GetXLogInsertRecPtr() : XactLastCommitEnd;
    locked(own, [=](Entry &entry) {
        if (entry.noted != InvalidXLogRecPtr)
            return;
        entry.noted = position;
        entry.noted_at = now;
    });
}

std::optional<Report> report() {
    Entry *entry = entry_of_database();
    if (entry == nullptr)
        return std::nullopt;
    const XLogRecPtr flushed = compat::flushed_wal();
    const TimestampTz now = GetCurrentTimestamp();
    Report report{};
    report.phase = static_cast<Phase>(pg_atomic_read_u32(&entry->phase));
    report.changes_read = pg_atomic_read_u64(&entry->changes_read);
    report.changes_stored = pg_atomic_read_u64(&entry->changes_stored);
    locked(entry, [&](const Entry &entry) {
        const TimestampTz since = oldest(entry);
        report.stored = entry.stored;
        report.unread = unread(entry.own_wal, entry.stored, flushed);
        report.is_caught_up = report.phase == Phase::idle && since == 0;
        report.is_lag_exact = entry.has_all_notes || entry.batch_committed_at != 0;
        report.lag = since == 0 ? 0 : std::max<int64>(now - since, 0);
        report.transaction_id = entry.batch_committed_at == 0 ? 0 : entry.transaction_id;
    });
    return report;
}

uint64 unread_after(XLogRecPtr stored) {
    const XLogRecPtr flushed = compat::flushed_wal();
    OwnWal wal{};
    locked(entry_of_database(), [&wal](const Entry &entry) { wal = entry.own_wal; });
    return unread(wal, stored, flushed);
}

bool is_stored(XLogRecPtr position) {
    Entry *entry = entry_of_database();
    bool stored = false;
    locked(entry, [&](const Entry &entry) { stored = entry.stored >= position; });
    return stored;
}

bool wait_for(XLogRecPtr position, long milliseconds) {
    Entry *entry = entry_of_database();
    if (entry == nullptr) { // the worker has not begun yet
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
                        PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
        return is_stored(position);
    }
    ConditionVariablePrepareToSleep(&entry->advanced);
    if (!is_stored(position))
        (void)ConditionVariableTimedSleep(&entry->advanced, milliseconds, PG_WAIT_EXTENSION);
    ConditionVariableCancelSleep();
    return is_stored(position);
}

} // namespace bemi::worker::shared
