// Where the worker begins to read: at the slot, which is made if it is missing. Whatever the slot does not
// have and is not stored goes to bemi.gaps.
#pragma once

#include "worker/state.hpp"

namespace bemi::worker::start_position {

/// Makes the slot of this database anew. Waits for all transactions that are running.
void make_slot();

/// Whether the slot is of this extension, rather than of one that was dropped: what was tracked then, this
/// one cannot know.
[[nodiscard]] bool is_slot_ours(const state::Desired &desired);

/// Prepares the slot and bemi.progress. False if the slot was invalidated: the worker pauses until someone
/// has seen the gap and calls bemi.start().
[[nodiscard]] bool prepare(const state::Desired &desired);

} // namespace bemi::worker::start_position
