#include "decode/savepoint.hpp"

#include "decode/context.hpp"

namespace bemi::decode {

namespace {

void push(Txn &txn, TransactionId subtransaction) {
    auto *savepoint = static_cast<Savepoint *>(palloc(sizeof(Savepoint)));
    *savepoint = {.older = txn.savepoint,
                  .subtransaction = subtransaction,
                  .next_sequence = txn.next_sequence,
                  .last_message = txn.last_message,
                  .context = txn.context,
                  .context_version = txn.context_version,
                  .context_texts = move_texts(txn.context_texts)};
    txn.savepoint = savepoint;
}

void pop(Txn &txn) {
    Savepoint *latest = txn.savepoint;
    txn.savepoint = latest->older;
    pfree(latest);
}

/// Removes the savepoint without a rollback: what came after it now belongs to the older savepoint.
void release_latest(Txn &txn) {
    adopt_older(txn.context_texts, txn.savepoint->context_texts);
    pop(txn);
}

void restore_latest(Txn &txn) {
    free_texts(txn.context_texts);
    txn.next_sequence = txn.savepoint->next_sequence;
    txn.last_message = txn.savepoint->last_message;
    txn.context = txn.savepoint->context;
    txn.context_version = txn.savepoint->context_version;
    txn.context_texts = txn.savepoint->context_texts;
    pop(txn);
}

// A subtransaction gets its id when it first writes, after every subtransaction around it has its own. So an
// inner subtransaction always has a later id than the outer ones.

/// Whether the savepoint belongs to an older subtransaction, or is the end of the list.
bool is_before(const Savepoint *savepoint, TransactionId subtransaction) {
    return savepoint == nullptr || TransactionIdPrecedes(savepoint->subtransaction, subtransaction);
}

/// Whether the savepoint belongs to a newer subtransaction.
bool is_after(const Savepoint *savepoint, TransactionId subtransaction) {
    return savepoint != nullptr && TransactionIdFollows(savepoint->subtransaction, subtransaction);
}

} // namespace

void enter_subtransaction(Txn &txn, TransactionId writer) {
    // Subtransactions newer than the writer are nested in it and have ended: from now on they can be rolled
    // back only together with the writer, and need no savepoints. The oldest of these savepoints is kept for
    // the writer if it has none of its own, because nothing of the writer was written before it.
    const bool is_top_level = writer == static_cast<TransactionId>(txn.id);
    while (is_after(txn.savepoint, writer) && (is_top_level || !is_before(txn.savepoint->older, writer)))
        release_latest(txn);
    if (!is_top_level && is_before(txn.savepoint, writer))
        push(txn, writer);
}

void keep_last_message(Txn &txn) {
    for (Savepoint *savepoint = txn.savepoint; savepoint != nullptr; savepoint = savepoint->older)
        savepoint->last_message = txn.last_message;
}

void roll_back_subtransaction(Txn &txn, TransactionId subtransaction) {
    while (!is_before(txn.savepoint, subtransaction))
        restore_latest(txn);
}

void roll_back_subtransactions(Txn &txn) {
    while (txn.savepoint != nullptr)
        restore_latest(txn);
}

} // namespace bemi::decode
