// Wakes the worker at the commit of a transaction that has something for it: nothing else tells that there is
// new WAL.
#pragma once

namespace bemi::wakeup {

/// Watches transactions end. To be called once, when the library is loaded.
void watch_transactions();

/// The current transaction has something for the worker.
void at_commit();

/// Wakes the worker of this database now.
void at_once();

/// The current transaction may have changed what the launcher and the worker are to do.
void all_at_commit();

/// The current transaction starts the worker: its commit waits until the slot is made, but not for long.
void slot_at_commit();

} // namespace bemi::wakeup
