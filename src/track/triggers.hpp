// Creates and drops the triggers of a tracked relation, and sets its replica identity. This calls
// PostgreSQL's functions rather than SQL: it needs no search_path, no USAGE on schemas and no EXECUTE on the
// trigger function, and no event trigger fires for it.
#pragma once

#include "base/compat.hpp"
#include "base/tracking_options.hpp"

namespace bemi::track::triggers {

/// The options of a relation that is not tracked yet: the defaults, and its present replica identity.
[[nodiscard]] TrackingOptions options_before(Oid relation);

/// ERROR if the relation has a trigger that has a name of bemi's triggers, but calls another function.
void require_own_names(Oid relation);

/// Whether require_own_names() would raise no error.
[[nodiscard]] bool are_names_free(Oid relation);

/// Whether the relation has any trigger of bemi.
[[nodiscard]] bool has_own(Oid relation);

/// Creates the triggers of the level, drops those of the other level, and sets REPLICA IDENTITY FULL. The
/// caller has checked the current user's privileges, and has locked the relation.
void install(Oid relation, const TrackingOptions &options);

/// Drops the triggers, and sets the replica identity back unless it was changed since. The caller has checked
/// the current user's privileges, and has locked the relation.
void uninstall(Oid relation, const TrackingOptions &options);

} // namespace bemi::track::triggers
