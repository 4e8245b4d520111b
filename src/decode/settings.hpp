// The settings that the text of values depends on.
#pragma once

#include "compat.hpp"

namespace bemi::decode {

/// Sets them so that a change looks the same to everybody. Inside a transaction (the SQL functions) that
/// lasts until restore_settings() or the transaction's abort, else (a walsender) as long as the session.
[[nodiscard]] int fix_settings();

/// Undoes what the fix_settings() did that returned `level`.
void restore_settings(int level);

} // namespace bemi::decode
