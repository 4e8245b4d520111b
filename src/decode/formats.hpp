// The list of formats. A new format is a folder or file below formats/ and a line in formats.cpp.
#pragma once

#include "decode/format.hpp"

namespace bemi::decode {

extern const Format bemi_format;
extern const Format change_row_format; // for bemi's own worker

namespace wal2json {
extern const Format version_2_format;
extern const Format version_1_format;
} // namespace wal2json

/// The format that has these options.
[[nodiscard]] const Format &format_of(const FormatOptions &options);

/// All formats; the first is the default.
[[nodiscard]] std::span<const Format *const> formats();

} // namespace bemi::decode
