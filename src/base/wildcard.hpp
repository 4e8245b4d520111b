// Patterns for names. This file does not include PostgreSQL.
#pragma once

#include <string_view>

namespace bemi {

/// Whether the name matches the pattern, in which `wildcard` stands for any characters, or for none.
[[nodiscard]] bool matches_wildcards(std::string_view pattern, std::string_view name, char wildcard) noexcept;

} // namespace bemi
