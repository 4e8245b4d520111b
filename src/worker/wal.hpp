// How the worker reads the WAL.
#pragma once

#include "base/compat.hpp"

namespace bemi::wal {

/// For a reader of this server's own WAL, which waits for what is not on disk yet.
[[nodiscard]] XLogReaderRoutine reader_routine();

/// Behind every record that was written before, on disk or not.
[[nodiscard]] XLogRecPtr inserted_end();

/// Whether the position is one that this server has written, on that timeline.
[[nodiscard]] bool has_written(XLogRecPtr position, TimeLineID timeline);

/// Whether the WAL from that position on is there.
[[nodiscard]] bool is_complete(XLogRecPtr from);

} // namespace bemi::wal
