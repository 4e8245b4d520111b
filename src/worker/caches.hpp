// The worker reads catalogs in turn as they were at a position of the WAL, when it decodes, and as they are
// now, when it stores. The caches of a process do not tell the two apart.
#pragma once

#include "base/compat.hpp"

namespace bemi::caches {

/// To be called at each change from the one to the other, in both directions, with the position up to which
/// the WAL is decoded: forgets what is cached, unless the catalogs are the same at that position and now.
void switch_snapshot(XLogRecPtr decoded_up_to);

} // namespace bemi::caches
