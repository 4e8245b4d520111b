// The rows of bemi.tracked_schemas: whether tables that appear in a schema are tracked, and how. They are
// read and written past privileges and snapshots, since event triggers do so in everybody's transactions: the
// latest state counts, also for a transaction with an older snapshot, and a serializable one must not fail
// because of what it reads there.
#pragma once

#include "track/level.hpp"

namespace bemi::schema_rules {

/// The level for tables that appear in the schema; false if it is not tracked.
[[nodiscard]] bool find(const char *schema, Level *level);
[[nodiscard]] bool find(Oid schema, Level *level);

void set(const char *schema, Level level);

/// A schema is remembered by its name, since pg_upgrade and pg_dump do not keep its OID.
void rename(const char *schema, const char *name);

void remove(const char *schema);

} // namespace bemi::schema_rules
