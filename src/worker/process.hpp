// The launcher and the workers as processes. They are started, found and woken by means of PostgreSQL's own
// shared memory, so that this works without shared_preload_libraries too.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::process {

/// Registers the launcher; call while the postmaster loads shared_preload_libraries.
void register_launcher();

/// What a worker is started for.
struct Start {
    /// If valid, the worker waits until this transaction has ended: it may have written what the worker is to
    /// do.
    TransactionId starter = InvalidTransactionId;
    /// If valid and the starter has committed, the worker makes the slot before it reads anything from the
    /// database.
    XLogRecPtr slot_since = InvalidXLogRecPtr;
    /// If there is a worker already, the new one waits for its end, which the caller knows to be near.
    bool is_successor = true;
};

/// Starts a worker for the database. False if max_worker_processes is reached.
[[nodiscard]] bool start_worker(Oid database, const Start &start = {});

/// In a worker: waits for the end of the transaction that started it and returns what the worker was started
/// for. After a rollback no slot is to be made.
[[nodiscard]] Start wait_for_starter();

/// In a worker: shows ps and pg_stat_activity which database it is for.
void show_database();

/// The name of the worker's database; empty before show_database().
[[nodiscard]] const char *database_name();

/// In a worker: reports its begin and its end in the server log.
void log_begin();
void log_end();

/// How many more workers there may be, so that parallel queries and replication get processes too. Negative
/// if bemi.start() has started more.
[[nodiscard]] int room_left();

/// The pid of the database's worker, not counting the process that asks; 0 if there is none.
[[nodiscard]] int worker_of(Oid database);

/// Whether there is a launcher, which starts workers again when they have ended.
[[nodiscard]] bool is_launcher_running();

/// Sleeps for `milliseconds`, or until the latch is set.
void pause(long milliseconds);

/// Wakes all workers of the database.
void wake_workers(Oid database);

/// Cancels what those workers of the database do that wait for a lock: setting their latch would not wake
/// them.
void interrupt_workers(Oid database);

/// Ends the database's worker, not counting the process that asks, and waits until it has gone.
void end_worker(Oid database);

/// In a worker: makes SIGTERM raise an ERROR instead of ending the process, so that the end can be recorded.
void end_on_sigterm();
[[nodiscard]] bool is_terminated();

inline constexpr char worker_type[] = "bemi worker";
inline constexpr char launcher_type[] = "bemi launcher";

} // namespace bemi::worker::process
