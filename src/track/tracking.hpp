// What is tracked: a table with all that inherits from it, a schema with all that appears in it.
#pragma once

#include "level.hpp"

namespace bemi::tracking {

enum class Reason : uint8_t { asked, schema };

/// Tracks a table, and its partitions and children with it. Called again it changes the level.
void track(Oid relation, Level level, Reason reason);

/// Tracks a table that has appeared in a tracked schema, with those of its children that the current user
/// owns: the user's DDL must not fail or hang for the others.
void welcome(Oid relation, Level level);

/// Undoes track(), for the partitions and children too.
void untrack(Oid relation);

/// Brings what is tracked in line with the inheritance tree, as far as the current user owns the tables:
/// partitions and children that came are tracked with their root, those that went are not any more.
void follow_inheritance();

} // namespace bemi::tracking
