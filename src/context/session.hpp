// The context in force: what a change made right now would carry.
#pragma once

#include "guc.hpp"

#include <string_view>

namespace bemi::session {

/// Whether in_force() may answer otherwise than the last time. Asked for every row.
[[nodiscard]] bool changed();

/// What the changes that follow carry: JSON objects in the server's encoding, or empty for none.
struct InForce {
    std::string_view claim; // the session's context and the statement's comment, merged in this order
    std::string_view facts; // what bemi.capture lists
};

/// Counts the answers of in_force() that were worked out anew. Who keeps one for himself compares it: others
/// ask too.
[[nodiscard]] uint64 version();

/// The setting bemi.context; empty where its value is none after all, of which a warning tells once.
[[nodiscard]] std::string_view usable_setting();

/// Stays valid as long as changed() says no.
[[nodiscard]] const InForce &in_force();

} // namespace bemi::session
