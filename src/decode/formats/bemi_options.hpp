// The options of format=bemi besides those of all formats. This file does not include PostgreSQL.
#pragma once

#include "decode/options/options.hpp"

namespace bemi::decode {

extern const FormatOptions bemi_options;

} // namespace bemi::decode
