// Checks whether a relation can be tracked, and whether it can be altered now.
#pragma once

#include "base/compat.hpp"

namespace bemi::track::relation {

/// Why a relation cannot be tracked, for a message. `detail` is NULL if it can, `hint` if there is no remedy.
struct Obstacle {
    const char *detail;
    const char *hint;
};

/// Returns why the relation cannot be tracked. ERROR if it does not exist.
[[nodiscard]] Obstacle obstacle(Oid relation);

/// Whether the relation exists. Ask again after a wait for a lock: it may have been dropped meanwhile.
[[nodiscard]] bool exists(Oid relation);

/// Whether the relation exists and the current user has the privileges of its owner.
[[nodiscard]] bool is_owned(Oid relation);

/// Whether the relation exists and can be tracked.
[[nodiscard]] bool is_trackable(Oid relation);

/// ERROR unless the relation exists, can be tracked, and is owned by the current user.
void require_trackable(Oid relation);

/// ERROR unless the current user has the privileges of the relation's owner.
void require_ownership(Oid relation);

/// Locks the relation, without waiting, if an event trigger may alter it: it exists, can be tracked, is owned
/// by the current user, and is not being detached. False if not, or if another session holds a lock on it.
[[nodiscard]] bool try_lock(Oid relation);

/// Whether this session has an open scan of the relation or pending trigger events for it, so that PostgreSQL
/// refuses to drop its triggers. It must be locked.
[[nodiscard]] bool is_in_use(Oid relation);

/// Whether the relation may contain rows. It must be locked.
[[nodiscard]] bool has_rows(Oid relation);

/// The same without a lock; true if another session keeps the relation locked.
[[nodiscard]] bool may_have_rows(Oid relation);

} // namespace bemi::track::relation
