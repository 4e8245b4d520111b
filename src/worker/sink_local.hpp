// Stores batches in bemi.changes of this database.
#pragma once

#include "batch.hpp"

namespace bemi::sink {

struct Stored {
    XLogRecPtr progress; // all that was committed before is stored
    XLogRecPtr end;      // of the commit that says so, which need not be on disk yet
};

/// Stores the batch and how far that is, in one transaction.
[[nodiscard]] Stored store(Batch &batch);

} // namespace bemi::sink
