// What bemi's own tables say about a relation, read under the historic snapshot.
#pragma once

#include "compat.hpp"

namespace bemi::decode {

/// Whether the relation belongs to bemi itself.
[[nodiscard]] bool is_own_table(Relation relation);

/// Whether bemi.track() was called for the relation.
[[nodiscard]] bool is_tracked(Oid relation);

} // namespace bemi::decode
