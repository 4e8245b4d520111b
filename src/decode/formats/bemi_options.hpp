// The options of format=bemi. Free of PostgreSQL.
#pragma once

#include "decode/options/options.hpp"

namespace bemi::decode {

extern const FormatOptions bemi_options;

} // namespace bemi::decode
