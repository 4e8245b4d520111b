// A decoding session: what it knows, and how it writes the lines of its format.
#pragma once

#include "decode/output.hpp"
#include "decode/own_writes.hpp"
#include "decode/relation_cache.hpp"

namespace bemi::decode {

struct Decoder {
    const Options *options;
    const Format *format;
    Session session;
    Output output;
    RelationCache *relations;
    OwnWrites own_writes;
    MemoryContext memory;        // of the session
    MemoryContext change_memory; // reset after each change
    unsigned filtered;           // changes left out since the client last heard of us
};

/// Reads the options, as is also done when a slot is made, which decodes nothing yet.
[[nodiscard]] Decoder *make_decoder(LogicalDecodingContext *ctx);

/// Makes ready for transactions.
void start_decoding(Decoder &decoder);

/// Writes BEGIN if it does not wait for the transaction's first line.
void write_begin(Decoder &decoder, Txn &txn);

/// Writes a line for the client. BEGIN comes before the first of a transaction, where the client wants it,
/// and COMMIT after the last. At the latest with that the client has all lines.
void write_change(Decoder &decoder, Txn &txn, const Change &change);
void write_message(Decoder &decoder, Txn &txn, const Message &message);
void write_commit(Decoder &decoder, const Txn &txn);

/// The same where a client gets changes before the commit.
void write_progress(Decoder &decoder, const Txn &txn, Progress progress);

/// Instead of writing: lets the client hear of us now and then all the same.
void note_filtered(Decoder &decoder);

} // namespace bemi::decode
