// What the callbacks of the output plugin share, and the two groups of callbacks that serve an option each.
#pragma once

#include "decode/decoder.hpp"

namespace bemi::decode {

inline Decoder &decoder_of(LogicalDecodingContext *ctx) {
    return *static_cast<Decoder *>(ctx->output_plugin_private);
}

/// The state of a transaction for which is_begun().
inline Txn &txn_of(const ReorderBufferTXN *txn) {
    return *static_cast<Txn *>(txn->output_plugin_private);
}

/// Whether the transaction has a state. PostgreSQL 18 does not stream changes that it knows to be rolled
/// back, but calls stream_abort_cb even if it has streamed nothing of the transaction.
inline bool is_begun(const ReorderBufferTXN *txn) {
    return txn->output_plugin_private != nullptr;
}

/// The state of a transaction that is not committed yet; it is made at the first call.
Txn &ensure_begun(Decoder &decoder, ReorderBufferTXN *txn);
/// Frees the state of the transaction.
void finish_txn(ReorderBufferTXN *txn);

/// Ends a transaction of which the client may have received changes before its commit. Writes a line with the
/// outcome unless `skipped`.
void write_outcome(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Progress outcome, bool skipped);

// These write what a transaction consists of, whether it is sent in parts, when prepared, or when committed.
void process_change(Decoder &decoder, Txn &txn, Relation relation, ReorderBufferChange *change);
void process_truncate(Decoder &decoder, Txn &txn, std::span<Relation> relations, XLogRecPtr position);
void process_message(Decoder &decoder, Txn &txn, const Message &message);

/// Option `stream`: transactions are sent while they are in progress.
void add_stream_callbacks(OutputPluginCallbacks &callbacks);

/// Option `two-phase`: transactions are sent when they are prepared.
void add_two_phase_callbacks(OutputPluginCallbacks &callbacks);

} // namespace bemi::decode
