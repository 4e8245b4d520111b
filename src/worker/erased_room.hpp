// What bemi.erase() leaves in the files of bemi's tables: dead rows, until VACUUM.
#pragma once

namespace bemi::worker::erased_room {

/// Vacuums the partitions of bemi.changes of which values were erased since they were vacuumed last. In
/// transactions of its own.
void vacuum();

} // namespace bemi::worker::erased_room
