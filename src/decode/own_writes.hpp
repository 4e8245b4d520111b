// Recognizes the WAL records with which bemi's worker stores changes. No client wants them, and they are as
// many as the changes stored, so they are dropped before they enter the reorder buffer.
#pragma once

#include "base/compat.hpp"

namespace bemi::decode {

class OwnWrites {
public:
    /// Whether the record belongs to a transaction in which the worker stores. Must be called for the records
    /// of this database in the order of the WAL, since a transaction is recognized by its first message. Rows
    /// of a subtransaction may be missed: they are left out later, because they belong to one of bemi's own
    /// tables.
    [[nodiscard]] bool recognize(XLogReaderState *record);

private:
    // One pair is enough: a database has one worker, which runs one transaction at a time.
    TransactionId transaction_;
    TransactionId subtransaction_;
};

} // namespace bemi::decode
