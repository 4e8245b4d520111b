// bemi.progress: up to which position of the WAL all changes of this server and database are stored.
#pragma once

#include "base/compat.hpp"

namespace bemi::store::progress {

/// All that was committed before `position` is stored.
struct Progress {
    XLogRecPtr position; // invalid before the first start
    TimeLineID timeline; // of the WAL at that position
};

/// As the owner, connected to SPI.
[[nodiscard]] Progress find();
/// In a transaction of its own.
[[nodiscard]] Progress read();

/// Moves on where no change was stored; in a transaction of its own.
void set(XLogRecPtr position);

/// Moves on with the changes that the current transaction has stored, the last of which was committed at
/// `committed_at`. As the owner, connected to SPI.
void advance(XLogRecPtr position, uint64 changes, TimestampTz committed_at);

/// In a transaction of its own; does nothing where the extension is gone.
void forget();

} // namespace bemi::store::progress
