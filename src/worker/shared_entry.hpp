// The entries in shared memory; what they are for says shared.hpp.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::shared {

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

/// In the worker and in sessions that write: the entry of their database, if it has one.
extern Entry *own;

/// The entry of the slot of this database. NULL without a slot, or without shared memory.
[[nodiscard]] Entry *entry_of_slot();

/// The entry of this database; NULL before its worker has taken one.
[[nodiscard]] Entry *entry_of_database();

/// Calls `body` with the entry under its mutex, if there is one.
template <typename Body> void locked(Entry *entry, Body &&body) {
    if (entry == nullptr)
        return;
    SpinLockAcquire(&entry->mutex);
    body(*entry);
    SpinLockRelease(&entry->mutex);
}

} // namespace bemi::worker::shared
