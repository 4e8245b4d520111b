// The output plugin: what PostgreSQL calls for each transaction and each change in it.
#include "decoder.hpp"
#include "row.hpp"
#include "wire.hpp"

extern "C" PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *callbacks);

namespace bemi::decode {

namespace {

Decoder &decoder_of(LogicalDecodingContext *ctx) {
    return *static_cast<Decoder *>(ctx->output_plugin_private);
}

Txn &txn_of(ReorderBufferTXN *txn) {
    return *static_cast<Txn *>(txn->output_plugin_private);
}

void on_startup(LogicalDecodingContext *ctx, OutputPluginOptions *options, bool is_new_slot) {
    options->output_type = OUTPUT_PLUGIN_TEXTUAL_OUTPUT;
    options->receive_rewrites = false;
    Decoder *decoder = make_decoder(ctx);
    ctx->output_plugin_private = decoder;
    if (!is_new_slot)
        start(*decoder);
}

void on_shutdown(LogicalDecodingContext *ctx) {
    stop(decoder_of(ctx));
}

void on_begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn) {
    Decoder &decoder = decoder_of(ctx);
    MemoryContext caller = MemoryContextSwitchTo(decoder.memory);
    txn->output_plugin_private = begin_txn(decoder.session, txn);
    MemoryContextSwitchTo(caller);
}

void on_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr) {
    Txn &state = txn_of(txn);
    const bool skipped = !state.has_output;
    write_commit(decoder_of(ctx), state);
    end_txn(&state);
    txn->output_plugin_private = nullptr;
    compat::update_progress(ctx, skipped);
}

/// The plan of a relation whose changes the client wants, else NULL.
RelationPlan *wanted_plan(Decoder &decoder, Relation relation, Operation operation) {
    if (!decoder.options->operations.has(operation))
        return nullptr;
    RelationPlan &plan = plan_for(*decoder.plans, relation);
    return plan.wanted ? &plan : nullptr;
}

Operation operation_of(const ReorderBufferChange *change) {
    switch (change->action) {
    case REORDER_BUFFER_CHANGE_INSERT:
        return Operation::create;
    case REORDER_BUFFER_CHANGE_UPDATE:
        return Operation::update;
    case REORDER_BUFFER_CHANGE_DELETE:
        return Operation::erase;
    default:
        elog(ERROR, "unexpected change of kind %d", static_cast<int>(change->action));
    }
}

void on_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Relation relation,
               ReorderBufferChange *change) {
    CHECK_FOR_INTERRUPTS();
    Decoder &decoder = decoder_of(ctx);
    Txn &state = txn_of(txn);
    const uint64 sequence = state.next_sequence++;
    const Operation operation = operation_of(change);
    RelationPlan *plan = wanted_plan(decoder, relation, operation);
    if (plan == nullptr)
        return leave_out(decoder);

    deform(plan->old_row, relation, compat::old_tuple(change));
    deform(plan->new_row, relation, compat::new_tuple(change));
    if (operation == Operation::update)
        complete_new_row(*plan);
    write_change(decoder, state, {operation, plan, change->lsn, sequence});
}

void on_truncate(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, int count, Relation relations[],
                 ReorderBufferChange *change) {
    Decoder &decoder = decoder_of(ctx);
    Txn &state = txn_of(txn);
    for (int i = 0; i < count; i++) {
        const uint64 sequence = state.next_sequence++;
        RelationPlan *plan = wanted_plan(decoder, relations[i], Operation::truncate);
        if (plan == nullptr) {
            leave_out(decoder);
            continue;
        }
        plan->old_row.present = plan->new_row.present = false;
        write_change(decoder, state, {Operation::truncate, plan, change->lsn, sequence});
    }
}

void on_context(Decoder &decoder, Txn &txn, std::string_view content) {
    MemoryContext caller = MemoryContextSwitchTo(decoder.memory);
    set_context(txn, content);
    MemoryContextSwitchTo(caller);
}

void on_other_message(Decoder &decoder, Txn &txn, Message message) {
    message.sequence = txn.next_sequence++;
    if (decoder.options->messages.matches(message.prefix))
        write_message(decoder, txn, message);
    else
        leave_out(decoder);
}

void on_message(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr position, bool transactional,
                const char *prefix, Size size, const char *content) {
    CHECK_FOR_INTERRUPTS();
    Decoder &decoder = decoder_of(ctx);
    Txn outside = outside_transactions(decoder.session, position);
    Txn &state = transactional ? txn_of(txn) : outside;
    if (strcmp(prefix, context_prefix) != 0)
        on_other_message(decoder, state,
                         {.prefix = prefix, .content = {content, size}, .position = position, .sequence = 0});
    else if (transactional) // a context is that of a transaction's rows
        on_context(decoder, state, {content, size});
}

} // namespace

} // namespace bemi::decode

void _PG_output_plugin_init(OutputPluginCallbacks *callbacks) {
    using namespace bemi::decode;
    callbacks->startup_cb = on_startup;
    callbacks->begin_cb = on_begin;
    callbacks->change_cb = on_change;
    callbacks->truncate_cb = on_truncate;
    callbacks->commit_cb = on_commit;
    callbacks->message_cb = on_message;
    callbacks->shutdown_cb = on_shutdown;
}
