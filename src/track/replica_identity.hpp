// The replica identity of a relation: what of an old row is in the WAL.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi::replica_identity {

/// As in pg_class.relreplident, and the name of its index where that is 'i'.
[[nodiscard]] char read(Oid relation, std::string_view *index);

/// The relation must be locked, in this function and the next.
void set_full(Oid relation);

/// Sets it back from FULL to what it was; leaves any other alone.
void restore(Oid relation, char identity, std::string_view index);

} // namespace bemi::replica_identity
