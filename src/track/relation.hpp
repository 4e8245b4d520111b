// One relation: may it be tracked, and what tracking puts on it.
#pragma once

#include "level.hpp"

namespace bemi::relation {

/// Why a relation cannot be tracked; `detail` is NULL if it can.
struct Obstacle {
    const char *detail;
    const char *hint;
};

/// ERROR if there is no such relation.
[[nodiscard]] Obstacle obstacle(Oid relation);

/// Whether it is still there: whoever waited for a lock has to look again.
[[nodiscard]] bool exists(Oid relation);

/// ERROR unless the relation exists, can be tracked, and belongs to the current user.
void require_trackable(Oid relation);

/// ERROR unless the relation belongs to the current user or one whose member that is.
void require_ownership(Oid relation);

/// The relation's replica identity as in pg_class.relreplident, and the name of its index where that is 'i'.
[[nodiscard]] char replica_identity(Oid relation, Name index);

/// Puts the triggers of `level` on the relation, takes those of the other one off, and sets REPLICA IDENTITY
/// FULL.
void install(Oid relation, Level level);

/// Takes the triggers off and sets the replica identity back, unless somebody changed it since.
void uninstall(Oid relation, char identity, const char *index);

/// `schema.table`, quoted where needed, for messages and SQL.
[[nodiscard]] const char *qualified_name(Oid relation);

} // namespace bemi::relation
