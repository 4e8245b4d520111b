// bemi's own tables: no client gets their changes.
#pragma once

#include "base/compat.hpp"

namespace bemi::decode {

/// Whether the relation belongs to bemi itself.
[[nodiscard]] bool is_own_table(Relation relation);

} // namespace bemi::decode
