// The configuration parameters of the worker's process.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::settings {

/// Overrides the parameters that could keep the worker from its work, however they are set for the server,
/// the database or the role.
void fix();

/// Remembers which of bemi's parameters are set for the database. PostgreSQL applies such settings when a
/// process begins, and never again.
void note();

/// Whether these have changed since note(): then only a new process gets them. Call outside of transactions.
[[nodiscard]] bool have_changed();

} // namespace bemi::worker::settings
