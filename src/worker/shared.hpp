// What the worker of a database and the others tell each other in shared memory: the worker how far it is,
// and writers when they have committed something for it. Each replication slot has an entry, which is that of
// the worker that has it. There is room for this without shared_preload_libraries, too: PostgreSQL keeps some
// spare. If others have used that up, nothing is told.
#pragma once

#include "base/compat.hpp"

#include <optional>

namespace bemi::shared {

/// To be called while the postmaster loads shared_preload_libraries.
void request_memory();

/// Makes sure that this process sees the memory, if there is any. Never fails. Not to be called in a commit.
void attach();

// By the worker

enum class Phase : uint32 { reading, storing, idle };

/// Takes the entry of the acquired slot. All that was committed before `stored` is stored.
void open(XLogRecPtr stored);
/// What the entry says of the database is about a slot that is not there any more.
void forget();

void set_phase(Phase phase);
/// The first change of a batch was read.
void begin_batch(uint64 transaction_id, TimestampTz committed_at);
void add_to_batch();
void begin_storing();
void add_stored(int changes);
/// The worker has written so many bytes between the two positions.
void wrote_wal(XLogRecPtr from, XLogRecPtr to, uint64 bytes);
/// All that was committed before `position` is stored: tells those who wait for it.
void end_batch(XLogRecPtr position);

// By writers

/// Looks for the entry of this database; the result is kept for note_commit().
void search();
/// The current transaction has committed something for the worker.
void note_commit();

// By whoever wants to know

struct Report {
    Phase phase;
    XLogRecPtr stored;
    uint64 unread; // bytes of WAL, without the worker's own
    bool is_caught_up;
    bool is_lag_exact; // else it is more than that
    int64 lag;         // microseconds: the age of the oldest commit that is not stored
    uint64 transaction_id;
    uint64 changes_read, changes_stored; // of the batch in hand
};

/// Of this database; none where nothing is told.
[[nodiscard]] std::optional<Report> report();

/// Whether there is any memory.
[[nodiscard]] bool is_available();

/// Waits until the worker of this database tells more, or so long; true if all before `position` is stored.
/// There may be ERRORs for interrupts.
[[nodiscard]] bool wait_for(XLogRecPtr position, long milliseconds);
[[nodiscard]] bool is_stored(XLogRecPtr position);

} // namespace bemi::shared
