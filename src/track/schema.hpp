// Tracks whole schemas: all tables that they have, and those that will be created in them.
#pragma once

#include "track/given_options.hpp"

namespace bemi::track::schema {

/// Sets the rule of the schema, and tracks the tables in it that are not tracked yet. Of the options that are
/// not given those of the rule stay, at first the defaults. ERROR unless the current user owns the schema and
/// the tables.
void track(Oid schema, const GivenOptions &given);

/// Removes the rule of the schema, and untracks the tables that follow it; tables of other owners stay
/// tracked, with a WARNING.
void untrack(Oid schema);

/// Has the present rows of the schema's tracked tables stored.
void request_baselines(Oid schema);

/// Tracks one table as the rule of its schema would.
void track_table(Oid relation, const GivenOptions &given);

/// Sets the rule for tables that will be created in the schema.
void set_rule(Oid schema, const GivenOptions &given);

/// Removes the rule of the schema. ERROR if it has none.
void remove_rule(Oid schema);

/// The tables of the schema that track() would change, parents before children.
[[nodiscard]] List *tables_to_track(Oid schema, const GivenOptions &given);

/// The tables of the schema that untrack() would change.
[[nodiscard]] List *tables_to_untrack(Oid schema);

} // namespace bemi::track::schema
