// Stores batches in bemi.changes. This file alone writes the table.
#pragma once

#include "store/batch.hpp"
#include "store/erasures.hpp"

namespace bemi::store::sink {

struct Stored {
    XLogRecPtr progress; // everything committed before is stored; invalid if that is as before
    XLogRecPtr end;      // of the commit record, which may not be on disk yet
    uint64 changes;      // how many were stored
};

/// Called with the number of changes that were written since the last call, while their transaction goes on.
using ReportStored = void (*)(int changes);

/// Stores a batch in parts. A batch that stays in memory is one part: only a transaction that is larger is
/// stored in several.
class Parts {
public:
    /// In a memory context that lasts as long as this.
    Parts(Batch &batch, ReportStored report);

    /// Stores the next part, and in bemi.progress how far that is, in one transaction.
    [[nodiscard]] Stored store_next();
    [[nodiscard]] bool at_begin() const { return reader_.bytes() == 0; }
    [[nodiscard]] bool at_end() const { return reader_.at_end(); }

private:
    Batch::Reader reader_;
    Erasures erasures_;
    TimestampTz queued_at_;
    ReportStored report_;
};

} // namespace bemi::store::sink
