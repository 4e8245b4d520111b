// Commands that concern the worker: those that need its database for themselves, and COMMIT PREPARED, after
// which there are changes to store.
#pragma once

namespace bemi::worker::process_utility {

/// Installs the ProcessUtility hook. Call once, when the library is loaded.
void watch_commands();

} // namespace bemi::worker::process_utility
