// Rolls back the state of a transaction that is sent while it is in progress. For each subtransaction that
// can still be rolled back, a savepoint has the state before its first change.
//
// Subtransactions nest, so the rollback of a subtransaction takes back all that was written since its first
// change. Sequence and context therefore come out as if the transaction had been decoded after its commit.
#pragma once

#include "decode/txn.hpp"

namespace bemi::decode {

/// To be called before each change with the id of its writer, a subtransaction or the top-level transaction.
/// Makes a savepoint, in the current memory context, if the writer needs one.
void enter_subtransaction(Txn &txn, TransactionId writer);

/// To be called for a message of a committed subtransaction: no rollback takes it back, even if it follows
/// the first row of a subtransaction that is rolled back later. This order happens, because PostgreSQL sorts
/// by position, and the position of a message is its end, where the next record begins.
void keep_last_message(Txn &txn);

/// Restores the state from before the first change of the subtransaction, or of all subtransactions.
void roll_back_subtransaction(Txn &txn, TransactionId subtransaction);
void roll_back_subtransactions(Txn &txn);

} // namespace bemi::decode
