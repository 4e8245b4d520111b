// The output plugin: what PostgreSQL calls for each transaction and each change in it.
#include "output.hpp"
#include "plan_cache.hpp"
#include "row.hpp"
#include "settings.hpp"
#include "startup.hpp"
#include "wire.hpp"

extern "C" PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *callbacks);

namespace bemi::decode {

namespace {

/// A decoding session.
struct Decoder {
    const Options *options;
    const Format *format;
    Session session;
    Output output;
    PlanCache *plans;
    MemoryContext memory;        // of the session
    MemoryContext change_memory; // reset after each change
    unsigned filtered;           // changes since something was last heard of us
    int settings_level;
};

Decoder &decoder_of(LogicalDecodingContext *ctx) {
    return *static_cast<Decoder *>(ctx->output_plugin_private);
}

Txn &txn_of(ReorderBufferTXN *txn) {
    return *static_cast<Txn *>(txn->output_plugin_private);
}

const Format &format_of(const Options &options) {
    switch (options.format) {
    case Options::Format::bemi:
        return bemi_format;
    }
    pg_unreachable();
}

void startup(LogicalDecodingContext *ctx, OutputPluginOptions *plugin_options, bool is_init) {
    plugin_options->output_type = OUTPUT_PLUGIN_TEXTUAL_OUTPUT;
    plugin_options->receive_rewrites = false;

    MemoryContext caller = MemoryContextSwitchTo(ctx->context);
    auto *decoder = static_cast<Decoder *>(palloc0(sizeof(Decoder)));
    ctx->output_plugin_private = decoder;
    decoder->options = &load_options(ctx->output_plugin_options);
    decoder->format = &format_of(*decoder->options);
    decoder->memory = ctx->context;
    if (!is_init) { // a slot is only made: nothing will be decoded
        decoder->session = load_session();
        decoder->output = make_output(ctx);
        decoder->plans = make_plan_cache(*decoder->options);
        decoder->change_memory = AllocSetContextCreate(ctx->context, "bemi change", ALLOCSET_DEFAULT_SIZES);
        decoder->settings_level = fix_settings();
    }
    MemoryContextSwitchTo(caller);
}

void shutdown(LogicalDecodingContext *ctx) {
    restore_settings(decoder_of(ctx).settings_level);
}

/// Runs `write` for one line, with garbage of its own.
template <typename Write> void write_line(Decoder &decoder, const Subject &subject, Write &&write) {
    MemoryContext caller = MemoryContextSwitchTo(decoder.change_memory);
    JsonWriter line = open_line(decoder.output, subject);
    write(line);
    close_line(decoder.output, subject);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(decoder.change_memory);
    decoder.filtered = 0;
}

void write_bound(Decoder &decoder, const Txn &txn, decltype(Format::begin) write) {
    const Subject subject{&decoder.output, &txn, txn.commit_position, nullptr, ""};
    write_line(decoder, subject, [&](JsonWriter &line) { write(line, decoder.session, txn); });
}

/// Before the first line of a transaction.
void ensure_begun(Decoder &decoder, Txn &txn) {
    if (!txn.has_output && decoder.options->transactions)
        write_bound(decoder, txn, decoder.format->begin);
    txn.has_output = true;
}

/// The client must hear of us now and then, also while nothing is for it.
void note_filtered(LogicalDecodingContext *ctx, Decoder &decoder) {
    constexpr unsigned changes_between = 100;
    if (++decoder.filtered < changes_between)
        return;
    decoder.filtered = 0;
    const bool skipped = false;
    compat::update_progress(ctx, skipped);
}

void begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn) {
    Decoder &decoder = decoder_of(ctx);
    MemoryContext caller = MemoryContextSwitchTo(decoder.memory);
    txn->output_plugin_private = begin_txn(decoder.session, txn);
    MemoryContextSwitchTo(caller);
}

void commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr) {
    Decoder &decoder = decoder_of(ctx);
    Txn &state = txn_of(txn);
    const bool wrote = state.has_output;
    if (wrote && decoder.options->transactions)
        write_bound(decoder, state, decoder.format->commit);
    end_txn(&state);
    txn->output_plugin_private = nullptr;
    compat::update_progress(ctx, !wrote);
}

void write_change(Decoder &decoder, Txn &txn, const Change &change) {
    ensure_begun(decoder, txn);
    const Subject subject{&decoder.output, &txn, change.position, change.relation, nullptr};
    write_line(decoder, subject,
               [&](JsonWriter &line) { decoder.format->change(line, decoder.session, txn, change); });
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

void row_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Relation relation,
                ReorderBufferChange *change) {
    CHECK_FOR_INTERRUPTS();
    Decoder &decoder = decoder_of(ctx);
    Txn &state = txn_of(txn);
    const uint64 sequence = state.next_sequence++;
    const Operation operation = operation_of(change);
    RelationPlan *plan = wanted_plan(decoder, relation, operation);
    if (plan == nullptr)
        return note_filtered(ctx, decoder);

    deform(plan->old_row, relation, compat::old_tuple(change));
    deform(plan->new_row, relation, compat::new_tuple(change));
    if (operation == Operation::update)
        complete_new_row(*plan);
    write_change(decoder, state, {operation, plan, change->lsn, sequence});
}

void truncate(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, int count, Relation relations[],
              ReorderBufferChange *change) {
    Decoder &decoder = decoder_of(ctx);
    Txn &state = txn_of(txn);
    for (int i = 0; i < count; i++) {
        const uint64 sequence = state.next_sequence++;
        RelationPlan *plan = wanted_plan(decoder, relations[i], Operation::truncate);
        if (plan == nullptr) {
            note_filtered(ctx, decoder);
            continue;
        }
        plan->old_row.present = plan->new_row.present = false;
        write_change(decoder, state, {Operation::truncate, plan, change->lsn, sequence});
    }
}

void write_message(Decoder &decoder, const Txn &txn, const Message &message) {
    const Subject subject{&decoder.output, &txn, message.position, nullptr, message.prefix.data()};
    write_line(decoder, subject,
               [&](JsonWriter &line) { decoder.format->message(line, decoder.session, txn, message); });
}

void transactional_message(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Message message) {
    Decoder &decoder = decoder_of(ctx);
    Txn &state = txn_of(txn);
    message.sequence = state.next_sequence++;
    if (!decoder.options->messages.matches(message.prefix))
        return note_filtered(ctx, decoder);
    ensure_begun(decoder, state);
    write_message(decoder, state, message);
}

void other_message(LogicalDecodingContext *ctx, const Message &message) {
    Decoder &decoder = decoder_of(ctx);
    if (decoder.options->messages.matches(message.prefix))
        write_message(decoder, outside_transactions(decoder.session, message.position), message);
}

void context_message(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, std::string_view content) {
    MemoryContext caller = MemoryContextSwitchTo(decoder_of(ctx).memory);
    set_context(txn_of(txn), content);
    MemoryContextSwitchTo(caller);
}

void message(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr position, bool transactional,
             const char *prefix, Size size, const char *content) {
    CHECK_FOR_INTERRUPTS();
    const bool is_context = strcmp(prefix, context_prefix) == 0;
    const Message described{
        .prefix = prefix, .content = {content, size}, .position = position, .sequence = 0};
    if (is_context && transactional)
        context_message(ctx, txn, described.content);
    else if (transactional)
        transactional_message(ctx, txn, described);
    else if (!is_context)
        other_message(ctx, described);
}

} // namespace

} // namespace bemi::decode

void _PG_output_plugin_init(OutputPluginCallbacks *callbacks) {
    using namespace bemi::decode;
    callbacks->startup_cb = startup;
    callbacks->begin_cb = begin;
    callbacks->change_cb = row_change;
    callbacks->truncate_cb = truncate;
    callbacks->commit_cb = commit;
    callbacks->message_cb = message;
    callbacks->shutdown_cb = shutdown;
}
