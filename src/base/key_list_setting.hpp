// Reads a setting that is a list of keys.
#pragma once

#include "base/compat.hpp"
#include "base/key_list.hpp"

namespace bemi {

/// The check hook of such a setting. `extra` gets the bytes of a KeyList.
bool check_key_list(char **value, void **extra, GucSource source);

} // namespace bemi
