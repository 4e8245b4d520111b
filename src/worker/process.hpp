// The launcher and the workers as processes: started, found and woken by what every process can see in shared
// memory anyway, so that all works with and without shared_preload_libraries.
#pragma once

#include "base/compat.hpp"

namespace bemi::process {

/// Registers the launcher with the postmaster, while that loads shared_preload_libraries.
void register_launcher();

/// What a worker is started for.
struct Start {
    /// The worker waits until this transaction, if valid, has ended: what it is to do may be written there.
    TransactionId starter = InvalidTransactionId;
    /// If valid and the starter was committed, the worker makes the slot before it reads anything.
    XLogRecPtr slot_since = InvalidXLogRecPtr;
    /// If there is a worker, this one waits for its end, as somebody knows that to be near.
    bool is_successor = true;
};

/// Starts a worker for the database. False if max_worker_processes are running.
[[nodiscard]] bool start_worker(Oid database, const Start &start = {});

/// In a worker: what it was started for, once the transaction that started it has ended. Where that was
/// rolled back, no slot is to be made.
[[nodiscard]] Start wait_for_starter();

/// In a worker: shows ps and pg_stat_activity which database it is for.
void show_database();

/// Its name, once it is shown.
[[nodiscard]] const char *database_name();

/// The process id of the database's worker, 0 if it is not running.
[[nodiscard]] int worker_of(Oid database);

/// Whether there is somebody who starts workers anew.
[[nodiscard]] bool is_launcher_running();

/// Sleeps so long, or until the latch is set.
void pause(long milliseconds);

/// Wakes all workers of the database.
void wake_workers(Oid database);

/// Has those that wait for a lock, and do not see that they are woken, give up what they are doing.
void interrupt_workers(Oid database);

/// Ends the database's worker and waits until it has gone.
void end_worker(Oid database);

/// In a worker: SIGTERM ends it by an ERROR, so that what must be noted of its end can be.
void end_on_sigterm();
[[nodiscard]] bool is_terminated();

inline constexpr char worker_type[] = "bemi worker";
inline constexpr char launcher_type[] = "bemi launcher";

} // namespace bemi::process
