// Sessions that want to hear of stored changes: PostgreSQL does not tell whether anybody listens, so each
// that has called bemi.listen() holds a lock, which is released with the session, however that ends.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::listeners {

inline constexpr char channel[] = "bemi_changes";

/// Registers the transaction callbacks. Call once, when the library is loaded.
void watch_transactions();

/// The current transaction listens to the channel, or listens to it no more: from its commit on, as LISTEN
/// and UNLISTEN.
void join_at_commit();
void leave_at_commit();

/// Whether a session of this database listens. Who begins to after this call sees all that was committed
/// before it.
[[nodiscard]] bool exist();

} // namespace bemi::worker::listeners
