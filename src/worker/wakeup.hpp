// Wakes the worker at the commit of a transaction that has something for it: nothing else tells that there is
// new WAL.
#pragma once

#include "base/compat.hpp"

namespace bemi::wakeup {

/// Watches transactions end. To be called once, when the library is loaded.
void watch_transactions();

/// The current transaction has something for the worker.
void at_commit();

/// Wakes the worker of this database now.
void at_once();

/// What the current transaction requests of the worker.
struct Request {
    bool needs_worker = false; // which is started at the commit if there is none
    bool is_urgent = false;    // what the worker is doing is not to be waited for
    /// If valid, the commit waits until there is a slot that was made behind this position, but not for long.
    XLogRecPtr slot_since = InvalidXLogRecPtr;
    bool is_first = false; // since the extension was created: a worker of the former one does not count
};
void request_at_commit(const Request &request);

/// The extension may have gone with the current transaction, and if so, a worker is to drop the slot.
void end_at_commit();

} // namespace bemi::wakeup
