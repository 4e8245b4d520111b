// Locks that make one process the only worker of its database, and that keep a request of bemi.start() or
// bemi.stop() from being lost while the worker leaves.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::claim {

/// Makes this process the only worker of its database; false if there is another one. With `wait` it waits up
/// to five seconds for that one to end.
[[nodiscard]] bool acquire(bool wait);

/// Lets another process become the worker.
void release();

/// Keeps the worker of this database from leaving before the current transaction has ended: it would miss
/// what this transaction requests.
void hold_worker();

/// Whether there is a worker. After hold_worker(), a worker that is found will act on the request of this
/// transaction.
[[nodiscard]] bool is_held();

/// In the worker, before it leaves: waits for the transactions that have requested something, and makes later
/// ones wait until this process has ended.
void close_requests();
void open_requests();

} // namespace bemi::worker::claim
