// What tracking puts on a relation and takes off again: the triggers and REPLICA IDENTITY FULL. By calls of
// PostgreSQL's functions rather than by SQL: what has no names in it needs no search_path, no USAGE on
// schemas and no EXECUTE on the trigger's function, and no event trigger of anybody's fires for it.
#pragma once

#include "base/compat.hpp"
#include "base/tracking_options.hpp"

namespace bemi::triggers {

/// The options of a relation that was not tracked: its replica identity as it is.
[[nodiscard]] TrackingOptions options_before(Oid relation);

/// ERROR if the relation has a trigger of one of our names with another function.
void require_own_names(Oid relation);
[[nodiscard]] bool are_names_free(Oid relation);

/// Whether any of ours is left on the relation.
[[nodiscard]] bool are_there(Oid relation);

/// Puts the triggers of the level on the relation, takes those of the other one off, and sets REPLICA
/// IDENTITY FULL. The caller has seen that the current user may, and has locked the relation.
void install(Oid relation, const TrackingOptions &options);

/// Takes the triggers off and sets the replica identity back, unless somebody changed it since.
void uninstall(Oid relation, const TrackingOptions &options);

} // namespace bemi::triggers
