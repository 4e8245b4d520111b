// Commands that concern the worker: those that need its database for themselves, and those after which there
// is something for it.
#pragma once

namespace bemi::utility {

/// To be called once, when the library is loaded.
void watch_commands();

} // namespace bemi::utility
