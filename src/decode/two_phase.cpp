// Callbacks for two-phase commit: a transaction is sent when it is prepared, and its outcome later.
#include "decode/callbacks.hpp"

namespace bemi::decode {

namespace {

void on_begin_prepare(LogicalDecodingContext *ctx, ReorderBufferTXN *txn) {
    ensure_begun(decoder_of(ctx), txn).gid = txn->gid;
}

void on_prepare(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr) {
    Decoder &decoder = decoder_of(ctx);
    Txn &state = ensure_begun(decoder, txn);
    const bool skipped = !state.has_sent();
    state.gid = txn->gid;
    // PostgreSQL stops decoding a transaction that turns out to be rolled back, often before the first
    // change.
    state.is_cut_short = TransactionIdDidAbort(txn->xid);
    if (!skipped)
        write_progress(decoder, state, Progress::prepare);
    compat::update_progress(ctx, skipped);
}

/// Whether the client may have received something of the transaction, in this or an earlier session. What
/// earlier sessions sent is not known here.
bool may_have_output(const ReorderBufferTXN *txn) {
    return !is_begun(txn) || txn_of(txn).has_sent() || txn_of(txn).is_cut_short;
}

void finish_prepared(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Progress outcome) {
    const bool skipped = !may_have_output(txn);
    ensure_begun(decoder_of(ctx), txn).gid = txn->gid;
    write_outcome(ctx, txn, outcome, skipped);
}

void on_commit_prepared(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr) {
    finish_prepared(ctx, txn, Progress::commit_prepared);
}

void on_rollback_prepared(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr, TimestampTz) {
    finish_prepared(ctx, txn, Progress::rollback_prepared);
}

} // namespace

void add_two_phase_callbacks(OutputPluginCallbacks &callbacks) {
    callbacks.begin_prepare_cb = on_begin_prepare;
    callbacks.prepare_cb = on_prepare;
    callbacks.stream_prepare_cb = on_prepare;
    callbacks.commit_prepared_cb = on_commit_prepared;
    callbacks.rollback_prepared_cb = on_rollback_prepared;
}

} // namespace bemi::decode
