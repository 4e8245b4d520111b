// Where lines go: one write of the decoding context for each.
#pragma once

#include "format.hpp"

namespace bemi::decode {

struct Output {
    LogicalDecodingContext *ctx;
    StringInfoData server_text; // a line before it becomes ASCII, where the database is not UTF-8
};

/// In the current memory context.
[[nodiscard]] Output make_output(LogicalDecodingContext *ctx);

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

} // namespace bemi::decode
