// What a transaction that is sent while it is in progress may have to go back to: for each subtransaction
// that can still be rolled back, how things were before its first change.
//
// Subtransactions nest, so a rollback takes back all that came since the first change of the one rolled back.
// That is why sequence and context come out as if the transaction had been decoded after its commit.
#pragma once

#include "decode/txn.hpp"

namespace bemi::decode {

/// Tells that what comes next was written by `writer`, a subtransaction or the transaction itself. In the
/// current memory context.
void enter_subtransaction(Txn &txn, TransactionId writer);

/// No rollback takes the last message back. It may come behind the first row of a subtransaction that is
/// rolled back: where that row begins, the message ends, and PostgreSQL sorts by these positions.
void keep_last_message(Txn &txn);

/// Takes back what a subtransaction wrote, or all of them did.
void roll_back_subtransaction(Txn &txn, TransactionId subtransaction);
void roll_back_subtransactions(Txn &txn);

} // namespace bemi::decode
