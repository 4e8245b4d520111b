// Callbacks for streaming: when the reorder buffer exceeds logical_decoding_work_mem, transactions are sent
// in parts while they are in progress. Parts of several transactions alternate.
#include "decode/callbacks.hpp"
#include "decode/savepoint.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

void enter(Decoder &decoder, Txn &txn, TransactionId writer) {
    MemoryContext caller = MemoryContextSwitchTo(decoder.memory);
    enter_subtransaction(txn, writer);
    MemoryContextSwitchTo(caller);
}

/// Marks the subtransactions of which something is sent now. PostgreSQL calls stream_abort_cb only for marked
/// subtransactions, and the client must be told of a rollback even if it received only a message.
void mark_streamed_subtransactions(ReorderBufferTXN *txn) {
    const dlist_node *head = &txn->subtxns.head;
    for (dlist_node *node = txn->subtxns.head.next; node != head; node = node->next) {
        auto *subtransaction = reinterpret_cast<ReorderBufferTXN *>(reinterpret_cast<char *>(node) -
                                                                    offsetof(ReorderBufferTXN, node));
        if (subtransaction->nentries > 0)
            compat::mark_as_streamed(subtransaction);
    }
}

void on_stream_start(LogicalDecodingContext *ctx, ReorderBufferTXN *txn) {
    (void)ensure_begun(decoder_of(ctx), txn);
    mark_streamed_subtransactions(txn);
}

void on_stream_stop(LogicalDecodingContext *ctx, ReorderBufferTXN *) {
    flush(decoder_of(ctx).output);
}

/// The state for `change`, which the top-level transaction or one of its subtransactions wrote.
Txn &txn_for_change(Decoder &decoder, ReorderBufferTXN *txn, ReorderBufferChange *change) {
    Txn &state = txn_of(txn);
    enter(decoder, state, change->txn->xid);
    return state;
}

void on_stream_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Relation relation,
                      ReorderBufferChange *change) {
    CHECK_FOR_INTERRUPTS();
    Decoder &decoder = decoder_of(ctx);
    process_change(decoder, txn_for_change(decoder, txn, change), relation, change);
}

void on_stream_truncate(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, int count, Relation relations[],
                        ReorderBufferChange *change) {
    Decoder &decoder = decoder_of(ctx);
    process_truncate(decoder, txn_for_change(decoder, txn, change), {relations, static_cast<size_t>(count)},
                     change->lsn);
}

void on_stream_message(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr position, bool,
                       const char *prefix, Size size, const char *content) {
    CHECK_FOR_INTERRUPTS();
    Decoder &decoder = decoder_of(ctx);
    Txn &state = txn_of(txn);
    // The callback is not told which subtransaction wrote the message. CheckXidAlive is its id, or invalid if
    // the subtransaction is already known to have committed.
    const bool is_committed = !TransactionIdIsValid(CheckXidAlive);
    if (!is_committed)
        enter(decoder, state, CheckXidAlive);
    process_message(decoder, state, {.prefix = prefix, .content = {content, size}, .position = position});
    if (is_committed && state.last_message == position)
        keep_last_message(state);
}

/// Writes a STREAM ABORT line if the client received more than what is left after a rollback, which ends at
/// `next_sequence` and `last_message`.
void write_abort(Decoder &decoder, Txn &txn, XLogRecPtr sent_message) {
    if (txn.sent_up_to <= txn.next_sequence && sent_message == txn.last_message)
        return;
    write_progress(decoder, txn, Progress::stream_abort);
    txn.sent_up_to = std::min(txn.sent_up_to, txn.next_sequence);
}

void on_stream_abort(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr) {
    const bool is_top_level = txn->toptxn == nullptr;
    ReorderBufferTXN *top = is_top_level ? txn : txn->toptxn;
    if (!is_begun(top))
        return;
    Txn &state = txn_of(top);
    const XLogRecPtr sent_message = state.last_message;
    if (is_top_level) {
        state.next_sequence = 0;
        state.last_message = InvalidXLogRecPtr;
    } else {
        roll_back_subtransaction(state, txn->xid);
    }
    write_abort(decoder_of(ctx), state, sent_message);
    if (is_top_level)
        finish_txn(top);
}

void on_stream_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr) {
    if (!is_begun(txn))
        return compat::update_progress(ctx, true);
    write_outcome(ctx, txn, Progress::stream_commit, !txn_of(txn).has_sent());
}

} // namespace

void add_stream_callbacks(OutputPluginCallbacks &callbacks) {
    callbacks.stream_start_cb = on_stream_start;
    callbacks.stream_change_cb = on_stream_change;
    callbacks.stream_truncate_cb = on_stream_truncate;
    callbacks.stream_message_cb = on_stream_message;
    callbacks.stream_stop_cb = on_stream_stop;
    callbacks.stream_abort_cb = on_stream_abort;
    callbacks.stream_commit_cb = on_stream_commit;
}

} // namespace bemi::decode
