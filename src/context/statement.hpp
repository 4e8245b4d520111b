// The statement that the client is waiting for: its text and the context comment on it.
#pragma once

#include "guc.hpp"

#include <string_view>

namespace bemi::statement {

/// Counts the statements seen: another number, another statement. Cheap enough to be asked for every row.
[[nodiscard]] uint64 serial();

/// The JSON of the last valid context comment on the statement, in the server's encoding; empty when it has
/// none. It stays valid until serial() returns another number.
[[nodiscard]] std::string_view comment();

/// The statement as the client sent it, in the current memory context, without context comments, the white
/// space around it and the semicolon at its end; empty when there is none (a background worker, say).
[[nodiscard]] std::string_view text_without_comments();

} // namespace bemi::statement
