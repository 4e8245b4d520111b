// Reading the WAL of this server.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::wal {

/// The callbacks of a reader that waits for WAL that is not on disk yet.
[[nodiscard]] XLogReaderRoutine reader_routine();

/// The end of the last record that was inserted, on disk or not.
[[nodiscard]] XLogRecPtr inserted_end();

/// Whether this server has written WAL up to that position, on that timeline.
[[nodiscard]] bool has_written(XLogRecPtr position, TimeLineID timeline);

/// Whether all WAL segments between the positions still exist.
[[nodiscard]] bool is_complete(XLogRecPtr from, XLogRecPtr to);

} // namespace bemi::worker::wal
