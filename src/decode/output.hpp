// Where lines go: one write of the decoding context for each, or for a batch of them.
#pragma once

#include "format.hpp"

namespace bemi::decode {

struct Output {
    LogicalDecodingContext *ctx;
    StringInfoData server_text; // a line before it becomes ASCII, where the database is not UTF-8
    size_t batch_size;          // bytes; 0: every line is a write of its own
    StringInfoData batch;       // lines that are not written yet
};

/// In the current memory context. A batch is written when it has reached `batch_size`.
[[nodiscard]] Output make_output(LogicalDecodingContext *ctx, size_t batch_size);

/// What a line is about, in case it becomes too large.
struct Subject {
    const Output *output;
    const Txn *txn;
    XLogRecPtr position;
    const RelationPlan *relation; // or
    const char *prefix;           // of a message
};

/// Starts a line. `subject` must live until close_line().
[[nodiscard]] JsonWriter open_line(Output &output, const Subject &subject);
void close_line(Output &output, const Subject &subject);

/// Writes what is left in the batch.
void flush(Output &output);

} // namespace bemi::decode
