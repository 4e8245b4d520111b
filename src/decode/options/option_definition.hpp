// The values that several options have: what the files of options share. Free of PostgreSQL.
#pragma once

#include "decode/options/options.hpp"

namespace bemi::decode {

[[noreturn]] void bad_value(const Argument &argument, std::string detail, std::string hint);

/// Throws if the option was given without one.
[[nodiscard]] std::string_view value_of(const Argument &argument);

/// What PostgreSQL takes for a boolean: these words, abbreviated as long as that is unambiguous. None means
/// true.
[[nodiscard]] bool parse_bool(const Argument &argument);

/// Option names and values are ASCII whatever the locale.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

} // namespace bemi::decode
