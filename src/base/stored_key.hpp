// Primary keys as bemi.changes has them.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi {

/// The longest key that is stored as it is. An entry of the store's index has at most 2704 bytes; its other
/// columns are the longest name of a table, and a time.
inline constexpr size_t longest_key = 2600;

/// What is stored instead of a longer key or value, in the current memory context: its hash.
[[nodiscard]] std::string_view hash_of(std::string_view text);

} // namespace bemi
