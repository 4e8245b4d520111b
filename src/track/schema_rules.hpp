// The rows of bemi.tracked_schemas: whether new tables in a schema are tracked, and how. Event triggers use
// them in every user's transactions, so they are read and written directly, without privileges and snapshots:
// the latest state counts even in a transaction with an older snapshot, and a serializable transaction must
// not fail because it has read them.
#pragma once

#include "track/given_options.hpp"

namespace bemi::track::schema_rules {

/// Reads the options for new tables in the schema. False if the schema is not tracked; the options are
/// unchanged then.
[[nodiscard]] bool find(const char *schema, ChosenOptions *options);
[[nodiscard]] bool find(Oid schema, ChosenOptions *options);
/// What the rule of a schema is for one of its tables: it has rules for columns of other tables too.
[[nodiscard]] ChosenOptions for_table(Oid relation, ChosenOptions rule);
/// Reads the options for a table from the rule of its schema.
[[nodiscard]] bool find_for_table(Oid relation, ChosenOptions *options);

/// Inserts or changes the rule of the schema.
void set(const char *schema, const ChosenOptions &options);

/// Call it after the schema was renamed to `name`. The rows have names, since pg_dump does not keep OIDs.
void rename(const char *schema, const char *name);

/// Deletes the rule of the schema, if it has one.
void remove(const char *schema);

} // namespace bemi::track::schema_rules
