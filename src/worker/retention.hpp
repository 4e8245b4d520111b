// bemi.retention: which partitions of bemi.changes are dropped, and when.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::retention {

/// The OIDs of the partitions to drop now, in the current memory context: a few at a time, so that storing
/// does not wait for long. In a transaction of its own.
[[nodiscard]] List *expired();

/// Drops an expired partition, unless a session is using it, or there is still something to keep of it: then
/// the next round tries again. In transactions of its own.
void drop(Oid partition);

} // namespace bemi::worker::retention
