// What the worker publishes.
#include "worker/shared.hpp"
#include "worker/shared_entry.hpp"

#include <algorithm>

namespace bemi::worker::shared {
namespace {

void restart(Entry &entry, TimestampTz now) {
    entry.database = MyDatabaseId;
    entry.own_wal = {};
    entry.batch_committed_at = entry.last_committed_at = 0;
    entry.has_all_notes = false;
    // When the oldest unstored change was committed is not known: before now.
    entry.noted = PG_UINT64_MAX;
    entry.noted_at = now;
}

} // namespace

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

} // namespace bemi::worker::shared
