#include "worker/shared.hpp"

#include "worker/slot.hpp"

#include <algorithm>

namespace bemi::worker::shared {
namespace {

/// The WAL that the worker itself has written and not yet read.
struct OwnWal {
    XLogRecPtr from, to;
    uint64 bytes;
};

struct Entry {
    // Written for each change, hence without the mutex.
    pg_atomic_uint32 phase;
    pg_atomic_uint64 changes_read, changes_stored;
    ConditionVariable advanced;

    slock_t mutex; // protects the members that follow
    Oid database;
    XLogRecPtr stored;
    OwnWal own_wal;
    uint64 transaction_id;
    TimestampTz batch_committed_at; // the first change of the batch in hand; 0 if there is no batch
    TimestampTz last_committed_at;  // the first change of the last batch that was stored
    // The first commit that writers noted since the worker last caught up.
    XLogRecPtr noted;
    TimestampTz noted_at;
    bool has_all_notes; // false: commits from before this entry was made may be unstored
};

struct Memory {
    pg_atomic_uint32 has_waiting_databases; // written by the launcher
    Entry entries[FLEXIBLE_ARRAY_MEMBER];
};

constinit Memory *memory = nullptr;
constinit Entry *entries = nullptr; // of `memory`, one for each replication slot
constinit Entry *own = nullptr;     // in the worker and in writers: the entry of their database

constexpr char memory_name[] = "bemi workers, version 2";

size_t memory_size() {
    return add_size(offsetof(Memory, entries),
                    mul_size(sizeof(Entry), static_cast<size_t>(max_replication_slots)));
}

void make(Memory *made) {
    memset(static_cast<void *>(made), 0, memory_size());
    pg_atomic_init_u32(&made->has_waiting_databases, 0);
    Entry *all = made->entries;
    for (int i = 0; i < max_replication_slots; i++) {
        pg_atomic_init_u32(&all[i].phase, 0);
        pg_atomic_init_u64(&all[i].changes_read, 0);
        pg_atomic_init_u64(&all[i].changes_stored, 0);
        ConditionVariableInit(&all[i].advanced);
        SpinLockInit(&all[i].mutex);
    }
}

void find_or_make() {
    bool found;
    auto *all = static_cast<Memory *>(ShmemInitStruct(memory_name, memory_size(), &found));
    if (!found)
        make(all);
    memory = all;
    entries = all->entries;
}

/// Calls `body` with the entry under its mutex, if there is one.
template <typename Body> void locked(Entry *entry, Body &&body) {
    if (entry == nullptr)
        return;
    SpinLockAcquire(&entry->mutex);
    body(*entry);
    SpinLockRelease(&entry->mutex);
}

Entry *entry_of_slot() {
    const int index = slot::index();
    return entries == nullptr || index < 0 ? nullptr : &entries[index];
}

/// The entry of this database; NULL before its worker has taken one.
Entry *entry_of_database() {
    attach();
    Entry *entry = entry_of_slot();
    return entry != nullptr && entry->database == MyDatabaseId ? entry : nullptr;
}

void restart(Entry &entry, TimestampTz now) {
    entry.database = MyDatabaseId;
    entry.own_wal = {};
    entry.batch_committed_at = entry.last_committed_at = 0;
    entry.has_all_notes = false;
    // When the oldest unstored change was committed is not known: before now.
    entry.noted = PG_UINT64_MAX;
    entry.noted_at = now;
}

/// How many of the worker's own bytes lie behind `read`, assuming that they are spread evenly.
uint64 own_unread(const OwnWal &wal, XLogRecPtr read) {
    if (wal.to <= read)
        return 0;
    if (read <= wal.from)
        return wal.bytes;
    const double part = static_cast<double>(wal.to - read) / static_cast<double>(wal.to - wal.from);
    return static_cast<uint64>(part * static_cast<double>(wal.bytes));
}

uint64 unread(const Entry &entry, XLogRecPtr flushed) {
    const uint64 all = flushed > entry.stored ? flushed - entry.stored : 0;
    return all - std::min(all, own_unread(entry.own_wal, entry.stored));
}

/// The time of the oldest commit that is not stored; 0 if no such commit is known.
TimestampTz oldest(const Entry &entry) {
    if (entry.batch_committed_at != 0)
        return entry.batch_committed_at;
    // The noted commit may be stored by now. Later commits are not older than the last stored one.
    return entry.noted == InvalidXLogRecPtr ? 0 : std::max(entry.noted_at, entry.last_committed_at);
}

} // namespace

void request_memory() {
    compat::request_shared_memory(memory_size());
}

void attach() {
    static constinit bool tried = false;
    if (tried)
        return;
    tried = true;
    MemoryContext caller = CurrentMemoryContext;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    PG_TRY();
    { find_or_make(); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(caller);
        FlushErrorState();
        InterruptHoldoffCount = 1; // the ERROR has set it to 0, and LWLockRelease() decrements it
    }
    PG_END_TRY();
    LWLockRelease(AddinShmemInitLock);
}

void open(XLogRecPtr stored) {
    attach();
    own = entry_of_slot();
    if (own == nullptr) {
        ereport(WARNING, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("not enough shared memory for bemi"),
                          errdetail("bemi.sync() and the lag in bemi.status are not available."),
                          errhint("Add bemi to shared_preload_libraries and restart the server.")));
        return;
    }
    locked(own, [stored, now = GetCurrentTimestamp()](Entry &entry) {
        if (entry.database != MyDatabaseId)
            restart(entry, now);
        entry.batch_committed_at = 0;
        entry.stored = stored;
    });
    pg_atomic_write_u64(&own->changes_read, 0);
    pg_atomic_write_u64(&own->changes_stored, 0);
    set_phase(Phase::reading);
}

void forget() {
    attach();
    locked(entry_of_slot(), [](Entry &entry) { entry.database = InvalidOid; });
}

void set_phase(Phase phase) {
    if (own != nullptr)
        pg_atomic_write_u32(&own->phase, static_cast<uint32>(phase));
}

void begin_batch(uint64 transaction_id, TimestampTz committed_at) {
    locked(own, [=](Entry &entry) {
        entry.transaction_id = transaction_id;
        entry.batch_committed_at = committed_at;
    });
}

void add_to_batch() {
    if (own != nullptr)
        pg_atomic_write_u64(&own->changes_read, pg_atomic_read_u64(&own->changes_read) + 1);
}

void begin_storing() {
    if (own != nullptr)
        pg_atomic_write_u64(&own->changes_stored, 0);
    set_phase(Phase::storing);
}

void add_stored(int changes) {
    if (own != nullptr)
        pg_atomic_write_u64(&own->changes_stored,
                            pg_atomic_read_u64(&own->changes_stored) + static_cast<uint64>(changes));
}

void wrote_wal(XLogRecPtr from, XLogRecPtr to, uint64 bytes) {
    locked(own, [=](Entry &entry) {
        OwnWal &wal = entry.own_wal;
        if (wal.bytes == 0)
            wal.from = from;
        wal.to = to;
        wal.bytes += bytes;
    });
}

void end_batch(XLogRecPtr position) {
    if (own == nullptr)
        return;
    const bool is_caught_up = position >= compat::flushed_wal();
    locked(own, [=](Entry &entry) {
        entry.stored =
            std::max(entry.stored, position); // after a start, reading begins before the stored position
        if (entry.own_wal.to <= position)
            entry.own_wal = {};
        entry.last_committed_at = std::max(entry.last_committed_at, entry.batch_committed_at);
        entry.batch_committed_at = 0;
        if (!is_caught_up || (entry.noted > position && entry.has_all_notes))
            return;
        entry.noted = InvalidXLogRecPtr;
        entry.has_all_notes = true;
    });
    pg_atomic_write_u64(&own->changes_read, 0);
    pg_atomic_write_u64(&own->changes_stored, 0);
    set_phase(Phase::reading);
    ConditionVariableBroadcast(&own->advanced);
}

void search() {
    own = entries == nullptr ? nullptr : entry_of_slot();
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
        report.unread = unread(entry, flushed);
        report.is_caught_up = report.phase == Phase::idle && since == 0;
        report.is_lag_exact = entry.has_all_notes || entry.batch_committed_at != 0;
        report.lag = since == 0 ? 0 : std::max<int64>(now - since, 0);
        report.transaction_id = entry.batch_committed_at == 0 ? 0 : entry.transaction_id;
    });
    return report;
}

void set_waiting_databases(bool exist) {
    attach();
    if (memory != nullptr)
        pg_atomic_write_u32(&memory->has_waiting_databases, exist);
}

bool has_waiting_databases() {
    return memory != nullptr && pg_atomic_read_u32(&memory->has_waiting_databases) != 0;
}

bool is_available() {
    attach();
    return entries != nullptr;
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
