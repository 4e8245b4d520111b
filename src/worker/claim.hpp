// Which process is the worker of a database, and that no order gets lost between a worker that leaves and
// those who order something at that moment.
#pragma once

#include "base/compat.hpp"

namespace bemi::claim {

/// Makes this process the only worker of its database; false if there is another one. That may be about to
/// leave, which can be waited for a while.
[[nodiscard]] bool acquire(bool wait);

/// Lets another process be the worker.
void release();

/// No worker of this database leaves before the current transaction has ended: it would not follow what that
/// orders.
void hold_worker();

/// Whether there is a worker. Behind hold_worker(), one that is found follows what the transaction orders.
[[nodiscard]] bool is_held();

/// In the worker, before it leaves: waits for all that order something, and has others wait. Then the orders
/// are the last ones for this process.
void close_requests();
void open_requests();

} // namespace bemi::claim
