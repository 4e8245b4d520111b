// The state of a decoding session, and the writing of lines in its format.
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
    MemoryContext memory;        // lives as long as the session
    MemoryContext change_memory; // reset after each change
    unsigned filtered;           // changes left out since the last line or progress update
};

/// Makes the state of a session and reads its options; raises an ERROR if an option is wrong. Creating a slot
/// needs no more than this.
[[nodiscard]] Decoder *make_decoder(LogicalDecodingContext *ctx);

/// Prepares for transactions.
void start_decoding(Decoder &decoder);

/// Writes a BEGIN line, unless BEGIN waits for the first line of the transaction, so that empty transactions
/// have none.
void write_begin(Decoder &decoder, Txn &txn);

/// Each writes a line for the client. The first line of a transaction follows its BEGIN if the client wants
/// BEGIN and COMMIT. write_commit() and write_progress() also send all lines that are still batched.
void write_change(Decoder &decoder, Txn &txn, const Change &change);
void write_message(Decoder &decoder, Txn &txn, const Message &message);
/// Writes a record about a table, in a format that has them.
void write_table(Decoder &decoder, Txn &txn, const TableNews &news);
void write_commit(Decoder &decoder, const Txn &txn);

/// Writes what becomes of a transaction whose changes are sent before its commit.
void write_progress(Decoder &decoder, const Txn &txn, Progress progress);

/// Counts a change that is not written, and sends a progress update now and then, lest the client time out.
void note_filtered(Decoder &decoder);

} // namespace bemi::decode
