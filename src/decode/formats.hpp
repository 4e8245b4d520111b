// The formats that there are. One more is one more folder or file here, and a line in formats.cpp.
#pragma once

#include "decode/format.hpp"

namespace bemi::decode {

extern const Format bemi_format;
extern const Format change_row_format; // what our own worker reads

namespace wal2json {
extern const Format version_2_format;
extern const Format version_1_format;
} // namespace wal2json

/// The format whose options these are.
[[nodiscard]] const Format &format_of(const FormatOptions &options);

/// All formats; the first is that of a client which asks for none.
[[nodiscard]] std::span<const Format *const> formats();

} // namespace bemi::decode
