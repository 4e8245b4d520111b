// The settings that are in force in the worker's process.
#pragma once

#include "base/compat.hpp"

namespace bemi::settings {

/// Fixes those that must not keep the worker from its work, whatever the server, the database or the role
/// has.
void fix();

/// Takes down which of bemi's are set for the database: the server applies these to a process when that
/// begins, and never again.
void note();

/// Whether others are set by now, which takes another process. In no transaction.
[[nodiscard]] bool have_changed();

} // namespace bemi::settings
