// Stores batches in bemi.changes of this database.
#pragma once

#include "batch.hpp"

namespace bemi::sink {

/// Stores the batch and how far that is, in one transaction. Returns the end of its commit in the WAL, which
/// need not be on disk yet.
[[nodiscard]] XLogRecPtr store(Batch &batch);

} // namespace bemi::sink
