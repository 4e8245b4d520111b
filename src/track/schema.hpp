// Whole schemas: every table there, and those that appear there later.
#pragma once

#include "level.hpp"

namespace bemi::schema {

/// Tracks the tables that are in the schema now and not tracked yet, and remembers it for those to come.
void track(Oid schema, Level level);

/// Forgets the schema and untracks the tables that were tracked because of it.
void untrack(Oid schema);

/// Tables of which no rule says any more that they are tracked because of their schema, since they or the
/// rule have gone, are tracked for themselves from now on.
void keep_tables_without_rule();

/// Tracks `relation` if it has appeared in a tracked schema, can be tracked and is not yet.
void welcome(Oid relation);

} // namespace bemi::schema
