// The worker reads catalogs alternately with a historic snapshot, when it decodes, and as they are now, when
// it stores. The catalog caches of a process do not tell the two apart.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::caches {

/// Call on every switch between decoding and storing, in both directions, with the position up to which the
/// WAL is decoded. It invalidates the caches unless the catalogs at that position equal today's.
void switch_snapshot(XLogRecPtr decoded_up_to);

} // namespace bemi::worker::caches
