// The replica identity of a relation: it determines which columns of old rows are in the WAL.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi::track::replica_identity {

/// Returns pg_class.relreplident and, if it is 'i', stores the name of the index in `index`. ERROR if the
/// relation does not exist.
[[nodiscard]] char read(Oid relation, std::string_view *index);

/// Sets REPLICA IDENTITY FULL. The relation must be locked.
void set_full(Oid relation);

/// Sets the replica identity back from FULL to the given one; leaves it unchanged if it is not FULL. Falls
/// back to DEFAULT, with a WARNING, if the index cannot serve any more. The relation must be locked.
void restore(Oid relation, char identity, std::string_view index);

} // namespace bemi::track::replica_identity
