// What the worker does once a minute for the table itself: it makes partitions ahead of time, and drops those
// that bemi.retention lets expire.
#pragma once

namespace bemi::worker::maintenance {

/// In transactions of its own. Maintenance must not stop storing: an error is recorded, and it is retried at
/// the next interval.
void run();

} // namespace bemi::worker::maintenance
