// Stores batches in bemi.changes of this database.
#pragma once

#include "store/batch.hpp"

namespace bemi::sink {

struct Stored {
    XLogRecPtr progress; // all that was committed before is stored
    XLogRecPtr end;      // of the commit that says so, which need not be on disk yet
};

/// Called with the number of changes that were written since the last call, while their transaction goes on.
using ReportStored = void (*)(int changes);

/// Stores the batch and how far that is, in one transaction.
[[nodiscard]] Stored store(Batch &batch, ReportStored report);

} // namespace bemi::sink
