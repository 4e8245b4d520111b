// What is tracked: a table with all that inherits from it.
#pragma once

#include "track/level.hpp"

namespace bemi::tracking {

/// Tracks a table, and its partitions and children with it. Called again it changes the level, if one is
/// given, and mends what is off.
void track(Oid relation, std::optional<Level> level);

/// The same for a table that follows the rule of its schema.
void track_by_schema(Oid relation, Level level);

/// Undoes it, for the partitions and children too.
void untrack(Oid relation);

} // namespace bemi::tracking
