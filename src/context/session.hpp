// The context in force: the one that a row written now would get.
#pragma once

#include "guc.hpp"

#include <string_view>

namespace bemi::context::session {

/// Whether in_force() may differ from its last result. It is called for every row, so it must be cheap.
[[nodiscard]] bool changed();

/// The context of the changes that follow: JSON objects in the server's encoding, or empty.
struct InForce {
    std::string_view claim; // the session's context and the statement's comment, merged in this order
    std::string_view facts; // what bemi.capture lists
};

/// Counts the results of in_force() that differ from the one before. A caller's result is stale once this
/// counter has changed.
[[nodiscard]] uint64 version();

/// The value of bemi.context; empty, with a WARNING once a session, if it is invalid in this database.
[[nodiscard]] std::string_view usable_setting();

/// The context in force. It stays valid as long as changed() is false.
[[nodiscard]] const InForce &in_force();

} // namespace bemi::context::session
