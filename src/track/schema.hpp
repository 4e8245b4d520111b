// Whole schemas: every table there, and those that appear there later.
#pragma once

#include "track/level.hpp"

namespace bemi::schema {

/// Tracks the tables that are in the schema now and not tracked yet, and remembers it for those to come.
void track(Oid schema, std::optional<Level> level);

/// Forgets the schema and untracks the tables that follow its rule.
void untrack(Oid schema);

/// One of the tables in such a schema.
void track_table(Oid relation, std::optional<Level> level);

/// Without the tables that are there.
void set_rule(Oid schema, std::optional<Level> level);
void remove_rule(Oid schema);

/// The tables of the schema that track() would change, before the partitions and children that are tracked
/// with them.
[[nodiscard]] List *tables_to_track(Oid schema, std::optional<Level> level);

/// Those that untrack() would change.
[[nodiscard]] List *tables_to_untrack(Oid schema);

} // namespace bemi::schema
