#include "decode/own_writes.hpp"

#include "attested.hpp"
#include "wire.hpp"

namespace bemi::decode {

bool OwnWrites::recognize(XLogReaderState *record) {
    if (has_attested_message(record, store_prefix)) {
        transaction_ = XLogRecGetXid(record);
        subtransaction_ = InvalidTransactionId;
        return true;
    }
    if (!TransactionIdIsValid(transaction_))
        return false;
    const TransactionId id = XLogRecGetXid(record);
    // The first record of a subtransaction also carries the id of its top-level transaction.
    if (XLogRecGetTopXid(record) == transaction_)
        subtransaction_ = id;
    return TransactionIdIsValid(id) && (id == transaction_ || id == subtransaction_);
}

} // namespace bemi::decode
