// Parses values of options; shared by the options of all formats. This file does not include PostgreSQL.
#pragma once

#include "decode/options/options.hpp"

namespace bemi::decode {

/// Throws OptionError for a value that is not valid. `detail` and `hint` are sentences, or empty.
[[noreturn]] void bad_value(const Argument &argument, std::string detail, std::string hint);

/// The value of the option. Throws OptionError if the option was given without a value.
[[nodiscard]] std::string_view value_of(const Argument &argument);

/// Parses what PostgreSQL accepts as a boolean: true, yes, on, false, no, off, each also abbreviated if that
/// is unambiguous, 1 and 0. An option without a value is true.
[[nodiscard]] bool parse_bool(const Argument &argument);

/// Compares without regard to the case of ASCII letters, in every locale.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

} // namespace bemi::decode
