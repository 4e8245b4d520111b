// What the callbacks of the output plugin share, and the groups of them that only some clients ask for.
#pragma once

#include "decode/decoder.hpp"

namespace bemi::decode {

inline Decoder &decoder_of(LogicalDecodingContext *ctx) {
    return *static_cast<Decoder *>(ctx->output_plugin_private);
}

inline Txn &txn_of(const ReorderBufferTXN *txn) {
    return *static_cast<Txn *>(txn->output_plugin_private);
}

/// Whether the transaction was begun. 18 leaves out what it knows to be rolled back, even if that is all that
/// there is to stream, and tells of the end nevertheless.
inline bool is_begun(const ReorderBufferTXN *txn) {
    return txn->output_plugin_private != nullptr;
}

/// Begins a transaction that is not committed yet, unless it was begun.
Txn &ensure_begun(Decoder &decoder, ReorderBufferTXN *txn);
void finish_txn(ReorderBufferTXN *txn);

/// The end of a transaction that a client may have got before: tells it the outcome, but for `skipped`.
void write_outcome(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Progress outcome, bool skipped);

// What a transaction consists of, in whatever way it gets to the client.
void process_change(Decoder &decoder, Txn &txn, Relation relation, ReorderBufferChange *change);
void process_truncate(Decoder &decoder, Txn &txn, std::span<Relation> relations, XLogRecPtr position);
void process_message(Decoder &decoder, Txn &txn, const Message &message);

/// Transactions that are sent while they are in progress: option `stream`.
void add_stream_callbacks(OutputPluginCallbacks &callbacks);

/// Transactions that are sent when they are prepared: option `two-phase`.
void add_two_phase_callbacks(OutputPluginCallbacks &callbacks);

} // namespace bemi::decode
