// Writes the context in force into the WAL, ahead of the row that it belongs to.
#pragma once

#include "compat.hpp"

namespace bemi::emit {

/// Watches transactions and subtransactions end. To be called once, when the library is loaded.
void watch_transactions();

/// Emits the context in force if it differs from what this transaction last emitted.
void if_changed();

/// Emits the context in force although the transaction's last message may say the same, because a trigger
/// that is not ours has put its own message in between.
void again();

} // namespace bemi::emit
