// The output plugin: the callbacks that PostgreSQL calls for each transaction and each change in it.
#include "decode/callbacks.hpp"
#include "decode/record_filter.hpp"

extern "C" PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *callbacks);

namespace bemi::decode {

namespace {

/// PostgreSQL enables streaming and two-phase decoding because the plugin has the callbacks; this disables
/// what the client has not asked for.
void choose_transactions(LogicalDecodingContext *ctx, const Options &options) {
    ctx->streaming &= options.stream;
    ctx->twophase &= options.two_phase;
    if (ctx->twophase && !compat::turn_on_two_phase(ctx))
        ereport(
            ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("replication slot \"%s\" was not created for two-phase commit",
                    NameStr(ctx->slot->data.name)),
             errhint("Create it with SELECT pg_create_logical_replication_slot(..., twophase => true).")));
}

void on_startup(LogicalDecodingContext *ctx, OutputPluginOptions *options, bool is_new_slot) {
    options->output_type = OUTPUT_PLUGIN_TEXTUAL_OUTPUT;
    options->receive_rewrites = false;
    Decoder *decoder = make_decoder(ctx);
    ctx->output_plugin_private = decoder;
    choose_transactions(ctx, *decoder->options);
    if (!is_new_slot)
        start_decoding(*decoder);
}

void on_begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn) {
    Decoder &decoder = decoder_of(ctx);
    MemoryContext caller = MemoryContextSwitchTo(decoder.memory);
    txn->output_plugin_private = make_committed_txn(decoder.session, txn);
    MemoryContextSwitchTo(caller);
    write_begin(decoder, txn_of(txn));
}

void on_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr) {
    const Txn &state = txn_of(txn);
    const bool skipped = !state.has_output;
    write_commit(decoder_of(ctx), state);
    finish_txn(txn);
    compat::update_progress(ctx, skipped);
}

void on_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Relation relation,
               ReorderBufferChange *change) {
    CHECK_FOR_INTERRUPTS();
    process_change(decoder_of(ctx), txn_of(txn), relation, change);
}

void on_truncate(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, int count, Relation relations[],
                 ReorderBufferChange *change) {
    process_truncate(decoder_of(ctx), txn_of(txn), {relations, static_cast<size_t>(count)}, change->lsn);
}

void on_message(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr position, bool transactional,
                const char *prefix, Size size, const char *content) {
    CHECK_FOR_INTERRUPTS();
    Decoder &decoder = decoder_of(ctx);
    const Message message{.prefix = prefix, .content = {content, size}, .position = position};
    if (transactional)
        return process_message(decoder, txn_of(txn), message);
    Txn outside = placeholder_txn(decoder.session, position);
    process_message(decoder, outside, message);
}

} // namespace

Txn &ensure_begun(Decoder &decoder, ReorderBufferTXN *txn) {
    if (is_begun(txn))
        return txn_of(txn);
    MemoryContext caller = MemoryContextSwitchTo(decoder.memory);
    Txn *state = make_uncommitted_txn(decoder.session, txn);
    MemoryContextSwitchTo(caller);
    txn->output_plugin_private = state;
    return *state;
}

void finish_txn(ReorderBufferTXN *txn) {
    free_txn(&txn_of(txn));
    txn->output_plugin_private = nullptr;
}

void write_outcome(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Progress outcome, bool skipped) {
    Decoder &decoder = decoder_of(ctx);
    Txn &state = txn_of(txn);
    if (outcome != Progress::rollback_prepared)
        set_committed(state, decoder.session, txn);
    if (!skipped)
        write_progress(decoder, state, outcome);
    finish_txn(txn);
    compat::update_progress(ctx, skipped);
}

} // namespace bemi::decode

void _PG_output_plugin_init(OutputPluginCallbacks *callbacks) {
    using namespace bemi::decode;
    callbacks->startup_cb = on_startup;
    callbacks->begin_cb = on_begin;
    callbacks->change_cb = on_change;
    callbacks->truncate_cb = on_truncate;
    callbacks->commit_cb = on_commit;
    callbacks->message_cb = on_message;
    callbacks->filter_by_origin_cb = filter_record;
    add_stream_callbacks(*callbacks);
    add_two_phase_callbacks(*callbacks);
}
