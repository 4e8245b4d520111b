// Where lines go: one write of the decoding context for each, or for a batch of them.
//
// A write is held back until the next line comes or the transaction ends. So the last one of a transaction
// has the LSN of its end, and a client that acknowledges what it has received has acknowledged the
// transaction.
#pragma once

#include "decode/format.hpp"

namespace bemi::decode {

struct Output {
    LogicalDecodingContext *ctx;
    const Format *format;
    bool to_ascii;
    StringInfoData server_text; // a line before it becomes ASCII
    size_t batch_size;          // bytes; 0: every line is a write of its own
    StringInfoData batch;       // lines that are not written yet
    XLogRecPtr location;        // of the last of them
    int batch_end;              // of those, without what an error may have left of another one
};

/// In the current memory context.
[[nodiscard]] Output make_output(LogicalDecodingContext *ctx, const Format &format, size_t batch_size);

/// What a line is about, in case it becomes too large.
struct Subject {
    const Output *output;
    const Txn *txn;
    XLogRecPtr position;
    const RelationEntry *relation; // or
    const char *prefix;            // of a message
};

/// Starts a line. `subject` must live until close_line().
[[nodiscard]] JsonWriter open_line(Output &output, const Subject &subject);
void close_line(Output &output, const Subject &subject);

/// Writes what is left in the batch, at the end of a transaction.
void flush(Output &output);

} // namespace bemi::decode
