// The context in force: what a change made right now would carry.
#pragma once

#include "guc.hpp"

#include <string_view>

namespace bemi::session {

/// Whether effective() may answer otherwise than the last time. Asked for every row.
[[nodiscard]] bool changed();

/// Counts the answers of effective() that were worked out anew. Who keeps one for himself compares it: others
/// ask too.
[[nodiscard]] uint64 version();

/// The session's context, the statement's comment and the server facts, merged in this order: a JSON object
/// in the server's encoding, or empty for none. It stays valid as long as changed() says no.
[[nodiscard]] std::string_view effective();

} // namespace bemi::session
