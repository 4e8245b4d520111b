// The launcher and the workers as processes: started, found and woken by what every process can see in shared
// memory anyway, so that all works with and without shared_preload_libraries.
#pragma once

#include "compat.hpp"

namespace bemi::process {

/// Registers the launcher with the postmaster, while that loads shared_preload_libraries.
void register_launcher();

/// Starts a worker for the database. It first waits until `starter`, if valid, has ended: what it is to do
/// may be written in that transaction. False if max_worker_processes are running.
[[nodiscard]] bool start_worker(Oid database, TransactionId starter = InvalidTransactionId);

/// In a worker: waits until the transaction that started it has ended.
void wait_for_starter();

/// Makes sure that this process is the only worker of its database; false if there is one.
[[nodiscard]] bool claim_database();

/// In a worker: shows ps and pg_stat_activity which database it is for.
void show_database();

/// Its name, once it is shown.
[[nodiscard]] const char *database_name();

/// The process id of the database's worker, 0 if it is not running.
[[nodiscard]] int worker_of(Oid database);

/// Whether there is somebody who starts workers anew.
[[nodiscard]] bool is_launcher_running();

/// Has the launcher look after all databases now.
void alert_launcher();

/// Sleeps so long, or until the latch is set.
void pause(long milliseconds);

/// Ends the database's worker and waits until it has gone.
void end_worker(Oid database);

inline constexpr char worker_type[] = "bemi worker";
inline constexpr char launcher_type[] = "bemi launcher";

} // namespace bemi::process
