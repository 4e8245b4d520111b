#include "decode/decoder.hpp"

#include "decode/formats.hpp"
#include "decode/guard.hpp"
#include "decode/startup.hpp"

#include <utility>

namespace bemi::decode {

namespace {

/// Runs `write` for one line, and then frees the memory that it allocated.
template <typename Write> void write_line(Decoder &decoder, const Subject &subject, Write &&write) {
    MemoryContext caller = MemoryContextSwitchTo(decoder.change_memory);
    json::Writer line = open_line(decoder.output, subject);
    write(line);
    close_line(decoder.output, subject);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(decoder.change_memory);
    decoder.filtered = 0;
}

/// Writes a line about the transaction itself, such as its BEGIN.
template <typename Write> void write_transaction_line(Decoder &decoder, const Txn &txn, Write &&write) {
    const Subject subject{.output = &decoder.output,
                          .txn = &txn,
                          .position = txn.commit_position,
                          .relation = nullptr,
                          .prefix = ""};
    write_line(decoder, subject, write);
}

void write_begin_line(Decoder &decoder, const Txn &txn) {
    if (txn.is_committed())
        write_transaction_line(
            decoder, txn, [&](json::Writer &line) { decoder.format->begin(line, decoder.session, txn); });
    else if (txn.gid != nullptr)
        write_transaction_line(decoder, txn, [&](json::Writer &line) {
            decoder.format->progress(line, decoder.session, txn, Progress::begin_prepare);
        });
}

void ensure_begin_line(Decoder &decoder, Txn &txn) {
    if (!txn.has_output && decoder.options->transactions && txn.id != no_transaction)
        write_begin_line(decoder, txn);
    txn.has_output = true;
}

} // namespace

Decoder *make_decoder(LogicalDecodingContext *ctx) {
    auto *decoder = static_cast<Decoder *>(MemoryContextAllocZero(ctx->context, sizeof(Decoder)));
    decoder->memory = ctx->context;
    decoder->output.ctx = ctx;
    MemoryContext caller = MemoryContextSwitchTo(decoder->memory);
    decoder->options = &load_options(ctx->output_plugin_options);
    decoder->format = &format_of(*decoder->options->format);
    MemoryContextSwitchTo(caller);
    return decoder;
}

void start_decoding(Decoder &decoder) {
    MemoryContext caller = MemoryContextSwitchTo(decoder.memory);
    decoder.session = load_session(*decoder.options);
    decoder.output = make_output(decoder.output.ctx, *decoder.format, decoder.options->batch_size);
    decoder.relations = make_relation_cache(*decoder.format, *decoder.options);
    decoder.change_memory = AllocSetContextCreate(decoder.memory, "bemi change", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(caller);
}

void write_table(Decoder &decoder, Txn &txn, const TableNews &news) {
    ensure_begin_line(decoder, txn);
    write_transaction_line(decoder, txn, [&](json::Writer &line) { decoder.format->table(line, txn, news); });
}

void write_change(Decoder &decoder, Txn &txn, const Change &change) {
    ensure_begin_line(decoder, txn);
    if (!change.relation->state.empty())
        write_table(decoder, txn,
                    {change.relation->oid, TableEvent::changed, change.sequence,
                     std::exchange(change.relation->state, {})});
    const Subject subject{.output = &decoder.output,
                          .txn = &txn,
                          .position = change.position,
                          .relation = change.relation,
                          .prefix = nullptr};
    write_line(decoder, subject, [&](json::Writer &line) {
        write_guarded(line, *decoder.format, decoder.session, txn, change);
    });
    txn.sent_up_to = change.sequence + 1;
}

void write_message(Decoder &decoder, Txn &txn, const Message &message) {
    ensure_begin_line(decoder, txn);
    const Subject subject{.output = &decoder.output,
                          .txn = &txn,
                          .position = message.position,
                          .relation = nullptr,
                          .prefix = message.prefix.data()};
    write_line(decoder, subject,
               [&](json::Writer &line) { decoder.format->message(line, decoder.session, txn, message); });
    txn.last_message = message.position;
    if (txn.id == no_transaction) // no commit will flush the line
        flush(decoder.output);
}

void write_begin(Decoder &decoder, Txn &txn) {
    if (decoder.options->transactions && decoder.format->has_empty_transactions)
        ensure_begin_line(decoder, txn);
}

void write_commit(Decoder &decoder, const Txn &txn) {
    if (txn.has_output && decoder.options->transactions)
        write_transaction_line(
            decoder, txn, [&](json::Writer &line) { decoder.format->commit(line, decoder.session, txn); });
    flush(decoder.output);
}

void write_progress(Decoder &decoder, const Txn &txn, Progress progress) {
    write_transaction_line(decoder, txn, [&](json::Writer &line) {
        decoder.format->progress(line, decoder.session, txn, progress);
    });
    flush(decoder.output);
}

void note_filtered(Decoder &decoder) {
    constexpr unsigned changes_between = 100;
    if (++decoder.filtered < changes_between)
        return;
    decoder.filtered = 0;
    const bool skipped = false;
    compat::update_progress(decoder.output.ctx, skipped);
}

} // namespace bemi::decode
