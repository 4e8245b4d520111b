// Stores batches in bemi.changes. This file alone writes the table.
#pragma once

#include "store/batch.hpp"

namespace bemi::store::sink {

struct Stored {
    XLogRecPtr progress; // everything committed before is stored
    XLogRecPtr end;      // the end of the commit record, which may not be on disk yet
};

/// Called with the number of changes that were written since the last call, while their transaction goes on.
using ReportStored = void (*)(int changes);

/// Stores the batch and the new position in bemi.progress, in one transaction.
[[nodiscard]] Stored store(Batch &batch, ReportStored report);

} // namespace bemi::store::sink
