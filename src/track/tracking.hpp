// Tracks a table, together with its partitions and children.
#pragma once

#include "track/given_options.hpp"

namespace bemi::track::tracking {

/// Tracks the table, or repairs how it is tracked. Of the options that are not given a tracked table keeps
/// its own, and another one gets those of its schema's rule, else the defaults. ERROR unless the current user
/// owns the table.
void track(Oid relation, const GivenOptions &given);

/// Tracks a table that follows the rule of its schema.
void track_by_schema(Oid relation, const ChosenOptions &rule);

/// Untracks the table, and those of its partitions and children that no other table tracks. ERROR if it is
/// not tracked, or the current user does not own it.
void untrack(Oid relation);

/// ERROR if the relation is not tracked.
void require_tracked(Oid relation);

} // namespace bemi::track::tracking
