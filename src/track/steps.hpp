// The commands that bemi.track_each() and untrack_each() still have to run, each in a transaction of its own:
// an array of text, which is empty once all is done.
#pragma once

#include "track/given_options.hpp"

namespace bemi::track::steps {

/// The commands that track each table, then the one that sets the rule.
[[nodiscard]] Datum to_track(Oid schema, const GivenOptions &given);

/// The command that removes the rule, then those that untrack each table.
[[nodiscard]] Datum to_untrack(Oid schema);

} // namespace bemi::track::steps
