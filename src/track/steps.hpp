// What bemi.track_each() and untrack_each() are left with: commands, each for a transaction of its own, as an
// array of text. It is empty when all is done.
#pragma once

#include "track/level.hpp"

namespace bemi::steps {

/// The tables, then the rule for those to come.
[[nodiscard]] Datum to_track(Oid schema, std::optional<Level> level);

/// The rule, then the tables that follow it.
[[nodiscard]] Datum to_untrack(Oid schema);

} // namespace bemi::steps
