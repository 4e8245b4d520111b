#include "decode/txn.hpp"

#include "decode/context.hpp"
#include "decode/savepoint.hpp"
#include "decode/timeline.hpp"

namespace bemi::decode {

namespace {

/// Adds the epoch to a transaction id from the WAL, which has 32 bits. An id greater than the next one to be
/// assigned belongs to the previous epoch.
uint64 with_epoch(TransactionId id) {
    const FullTransactionId next = ReadNextFullTransactionId();
    uint32 epoch = EpochFromFullTransactionId(next);
    if (id > XidFromFullTransactionId(next))
        epoch--;
    return static_cast<uint64>(epoch) << 32 | id;
}

ChangeId ids_at(const Session &session, XLogRecPtr position) {
    return {session.system_identifier, timeline_of(position), session.database, position};
}

} // namespace

Txn placeholder_txn(const Session &session, XLogRecPtr position) {
    return {.ids = ids_at(session, position),
            .commit_position = position,
            .end_position = position,
            .id = no_transaction,
            .origin = compat::no_origin,
            .commit_time = 0,
            .committed_at_text = "",
            .committed_at_size = 0,
            .context = no_context,
            .context_version = no_context_version,
            .context_texts = {},
            .next_sequence = 0,
            .sent_up_to = 0,
            .last_message = InvalidXLogRecPtr,
            .savepoint = nullptr,
            .gid = nullptr,
            .has_output = false,
            .is_cut_short = false};
}

Txn *make_committed_txn(const Session &session, const ReorderBufferTXN *txn) {
    Txn *state = make_uncommitted_txn(session, txn);
    set_committed(*state, session, txn);
    return state;
}

Txn *make_uncommitted_txn(const Session &session, const ReorderBufferTXN *txn) {
    auto *state = static_cast<Txn *>(palloc(sizeof(Txn)));
    *state = placeholder_txn(session, InvalidXLogRecPtr);
    state->end_position = txn->end_lsn;
    state->origin = txn->origin_id;
    state->id = with_epoch(txn->xid);
    return state;
}

void set_committed(Txn &txn, const Session &session, const ReorderBufferTXN *committed) {
    txn.ids = ids_at(session, committed->final_lsn);
    txn.commit_position = committed->final_lsn;
    txn.end_position = committed->end_lsn;
    txn.commit_time = compat::commit_time(committed);
    const char *end = put_instant(txn.committed_at_text, txn.commit_time);
    txn.committed_at_size = static_cast<size_t>(end - txn.committed_at_text);
}

void free_txn(Txn *txn) {
    roll_back_subtransactions(*txn);
    free_texts(txn->context_texts);
    pfree(txn);
}

} // namespace bemi::decode
