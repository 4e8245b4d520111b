// Wakes the worker at the commit of a transaction that has changed tracked tables or called bemi.start() or
// bemi.stop(): PostgreSQL sets no latch when WAL is flushed.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::wakeup {

/// Registers the transaction callback. Call once, when the library is loaded.
void watch_transactions();

/// The current transaction has changes for the worker, which is woken at the commit.
void at_commit();

/// Wakes the worker of this database now.
void at_once();

/// What the current transaction requests of the worker.
struct Request {
    bool needs_worker = false; // if there is no worker, one is started at the commit
    bool is_urgent = false;    // interrupts a worker that waits for a lock
    /// If valid, the commit waits up to two seconds for a slot that was made behind this position.
    XLogRecPtr slot_since = InvalidXLogRecPtr;
    bool is_first =
        false; // the first request since CREATE EXTENSION: a worker of a former extension does not count
};
void request_at_commit(const Request &request);

/// The current transaction may drop the extension; if it has by its commit, a worker drops the slot.
void end_at_commit();

} // namespace bemi::worker::wakeup
