// One relation: may it be tracked, and may it be now?
#pragma once

#include "base/compat.hpp"

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

/// Whether it is there and belongs to the current user, or a role whose member that is.
[[nodiscard]] bool is_mine(Oid relation);

/// Whether it is there and can be tracked.
[[nodiscard]] bool is_trackable(Oid relation);

/// ERROR unless the relation exists, can be tracked, and belongs to the current user.
void require_trackable(Oid relation);

/// ERROR unless the relation belongs to the current user or one whose member that is.
void require_ownership(Oid relation);

/// Whether what an event trigger wants of the relation can be done at once: it is still there, can be
/// tracked, belongs to the current user, and no other session has it locked. Then it is locked.
[[nodiscard]] bool may_follow(Oid relation);

/// Whether this session has a scan open on it, or trigger events for it pending: then PostgreSQL takes no
/// trigger off it. It must be locked.
[[nodiscard]] bool is_in_use(Oid relation);

/// Whether there may be rows in it. It must be locked.
[[nodiscard]] bool has_rows(Oid relation);

} // namespace bemi::relation
