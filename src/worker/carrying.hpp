// What must not go with a partition of bemi.changes: the last state of rows that have not changed since, in
// tables with a baseline. It becomes a change with operation BASELINE in the oldest partition that stays.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::carrying {

/// Whether all is kept of the partition that must be. Does a part of the work, so that storing does not wait
/// for long, and goes on there at the next call. In transactions of its own.
[[nodiscard]] bool finish(Oid partition);

/// Whether that still holds for the partition, and no older one is left whose rows it tells of. As the
/// owner, connected to SPI.
[[nodiscard]] bool is_finished(Oid partition);

} // namespace bemi::worker::carrying
