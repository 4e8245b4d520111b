// The transactions in which the worker stores changes. They are nobody's changes, and are left out before
// they are queued: as many rows again as are stored.
#pragma once

#include "base/compat.hpp"

namespace bemi::decode {

class OwnWrites {
public:
    /// Whether the record, of this database and the next one in the WAL, is of such a transaction. A row of a
    /// subtransaction may be overlooked: as one of a table of bemi's own it is left out later.
    [[nodiscard]] bool recognize(XLogReaderState *record);

private:
    // A database has one worker, and that has one transaction at a time.
    TransactionId transaction_;
    TransactionId subtransaction_;
};

} // namespace bemi::decode
