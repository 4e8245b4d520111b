// The output plugin: what PostgreSQL calls for each transaction and each change in it.
#include "decoder.hpp"
#include "row.hpp"
#include "wire.hpp"

#include <algorithm>

extern "C" PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *callbacks);

namespace bemi::decode {

namespace {

Decoder &decoder_of(LogicalDecodingContext *ctx) {
    return *static_cast<Decoder *>(ctx->output_plugin_private);
}

Txn &txn_of(ReorderBufferTXN *txn) {
    return *static_cast<Txn *>(txn->output_plugin_private);
}

/// What our own worker writes is nobody's change: it says so by an origin that nothing else has.
bool is_unwanted_origin(LogicalDecodingContext *ctx, RepOriginId origin) {
    if (origin == InvalidRepOriginId)
        return false;
    const std::vector<uint32_t> &unwanted = decoder_of(ctx).options->exclude_origins;
    return origin == DoNotReplicateId ||
           std::find(unwanted.begin(), unwanted.end(), origin) != unwanted.end();
}

void on_startup(LogicalDecodingContext *ctx, OutputPluginOptions *options, bool is_new_slot) {
    options->output_type = OUTPUT_PLUGIN_TEXTUAL_OUTPUT;
    options->receive_rewrites = false;
    Decoder *decoder = make_decoder(ctx);
    ctx->output_plugin_private = decoder;
    if (!is_new_slot)
        start(*decoder);
}

void on_begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn) {
    Decoder &decoder = decoder_of(ctx);
    MemoryContext caller = MemoryContextSwitchTo(decoder.memory);
    txn->output_plugin_private = begin_txn(decoder.session, txn);
    MemoryContextSwitchTo(caller);
    write_begin(decoder, txn_of(txn));
}

void on_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr) {
    Txn &state = txn_of(txn);
    const bool skipped = !state.has_output;
    write_commit(decoder_of(ctx), state);
    end_txn(&state);
    txn->output_plugin_private = nullptr;
    compat::update_progress(ctx, skipped);
}

/// Whether the format has no line for the change, because that does not say which row it is about. There is
/// a warning, but not for each.
bool lacks_identity(const Format &format, RelationPlan &plan, Operation operation) {
    if (!format.needs_identity || plan.has_identity || operation == Operation::create ||
        operation == Operation::truncate)
        return false;
    if (!plan.warned)
        ereport(WARNING,
                (errmsg("leaving out updates and deletes of table \"%s.%s\"", plan.schema, plan.table),
                 errdetail("The table had no replica identity when they happened."),
                 errhint("Set one with ALTER TABLE ... REPLICA IDENTITY.")));
    plan.warned = true;
    return true;
}

/// The plan of a relation whose changes the client wants, else NULL.
RelationPlan *wanted_plan(Decoder &decoder, Relation relation, Operation operation) {
    if (!decoder.options->operations.has(operation))
        return nullptr;
    RelationPlan &plan = plan_for(*decoder.plans, relation);
    return plan.wanted && !lacks_identity(*decoder.format, plan, operation) ? &plan : nullptr;
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
    if (decoder.options->wants_message(message.prefix))
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
    callbacks->filter_by_origin_cb = is_unwanted_origin;
}
