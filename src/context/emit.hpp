// Writes the context in force into the WAL, ahead of the row that it belongs to.
#pragma once

#include "base/compat.hpp"
#include "context/frame.hpp"

namespace bemi::emit {

/// Watches transactions and subtransactions end. To be called once, when the library is loaded.
void watch_transactions();

/// For which rows something is emitted.
enum class Rows : uint8_t {
    next,        ///< the one that is written next
    all_to_come, ///< all that the running query or command will write: they keep this one context
};

/// Emits the context in force if it differs from what this transaction last emitted.
void if_changed(Rows rows);

/// Emits the context in force although the transaction's last message may say the same, because a trigger
/// that is not ours has put its own message in between.
void again();

/// Emits once more what was kept for the frame, in which another one has ended.
void bring_back(execution::Frame &frame);

/// Forgets what was kept for the frame.
void let_go(execution::Frame &frame);

} // namespace bemi::emit
