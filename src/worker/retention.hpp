// bemi.retention: which partitions of bemi.changes are dropped, and when.
#pragma once

#include "base/compat.hpp"

namespace bemi::retention {

/// The partitions to be dropped now, in the current memory context: a few at a time, so that storing does not
/// wait for long. In a transaction of its own.
[[nodiscard]] List *expired();

/// Drops one of them, unless somebody is reading; then it stays expired. In a transaction of its own.
void drop(Oid partition);

} // namespace bemi::retention
