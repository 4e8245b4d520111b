// Shared memory between the worker of a database and all sessions: the worker publishes how far it is, and
// writers when they have committed a change. There is an entry for each replication slot; the worker uses the
// entry of its slot. Without shared_preload_libraries the entries take room that PostgreSQL keeps spare; if
// other extensions have used it up, nothing is published.
#pragma once

#include "base/compat.hpp"

#include <optional>

namespace bemi::worker::shared {

/// Call while the postmaster loads shared_preload_libraries.
void request_memory();

/// Attaches this process to the memory, if there is any. Raises no error. Must not be called during a commit.
void attach();

// For the worker

enum class Phase : uint32 { reading, storing, idle };

/// Takes the entry of the acquired slot. Everything committed before `stored` is stored.
void open(XLogRecPtr stored);
/// Discards what the entry says about a slot that was dropped.
void forget();

void set_phase(Phase phase);
/// The first change of a batch was read; the arguments describe it.
void begin_batch(uint64 transaction_id, TimestampTz committed_at);
void add_to_batch();
void begin_storing();
void add_stored(int changes);
/// The worker has written `bytes` of WAL between the two positions.
void wrote_wal(XLogRecPtr from, XLogRecPtr to, uint64 bytes);
/// Everything committed before `position` is stored: wakes the sessions that wait for that.
void end_batch(XLogRecPtr position);

/// Whether databases wait for a worker, because too few processes are left for all of them.
[[nodiscard]] bool has_waiting_databases();

// For the launcher

/// Whether databases wait for a worker, or have more workers than there is room for. Workers that have caught
/// up then end after a while.
void set_waiting_databases(bool exist);

// For sessions that write

/// Looks up the entry of this database and remembers it for note_commit().
void search();
/// The current transaction has committed changes for the worker.
void note_commit();

// For bemi.status and bemi.sync()

struct Report {
    Phase phase;
    XLogRecPtr stored;
    uint64 unread; // bytes of WAL, without the worker's own
    bool is_caught_up;
    bool is_lag_exact; // false: the lag is at least `lag`
    int64 lag;         // microseconds: the age of the oldest commit that is not stored
    uint64 transaction_id;
    uint64 changes_read, changes_stored; // of the batch in hand
};

/// The report on this database; nullopt where nothing is published.
[[nodiscard]] std::optional<Report> report();

/// Bytes of WAL that are to be read after `stored`, without the worker's own as far as those are published.
[[nodiscard]] uint64 unread_after(XLogRecPtr stored);

/// Whether there is shared memory to publish in.
[[nodiscard]] bool is_available();

/// Waits until the worker of this database publishes progress, or for `milliseconds`. Returns whether
/// everything before `position` is stored. Interrupts raise an ERROR.
[[nodiscard]] bool wait_for(XLogRecPtr position, long milliseconds);
[[nodiscard]] bool is_stored(XLogRecPtr position);

} // namespace bemi::worker::shared
