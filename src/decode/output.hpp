// Sends lines to the client: each in a write of its own, or several in a batch.
//
// A write is held back until the next line is ready or the transaction ends. So the last write of a
// transaction carries the LSN of its end, and acknowledging a transaction's last line acknowledges the
// transaction.
#pragma once

#include "decode/format.hpp"

namespace bemi::decode {

struct Output {
    LogicalDecodingContext *ctx;
    const Format *format;
    bool to_ascii;
    StringInfoData server_text; // the line in the database's encoding, to be escaped to ASCII
    size_t batch_size;          // bytes; 0: every line is a write of its own
    StringInfoData batch;       // lines that are not sent yet
    XLogRecPtr location;        // LSN of the last complete line in the batch
    int batch_end;              // where that line ends: an error may have left part of a line behind it
};

/// Allocates in the current memory context.
[[nodiscard]] Output make_output(LogicalDecodingContext *ctx, const Format &format, size_t batch_size);

/// What a line is about. The error names it if the line becomes too large.
struct Subject {
    const Output *output;
    const Txn *txn;
    XLogRecPtr position;
    const RelationEntry *relation; // NULL for a message or a line about the transaction
    const char *prefix;            // of a message
};

/// Starts a line. `subject` must live until close_line().
[[nodiscard]] json::Writer open_line(Output &output, const Subject &subject);
/// Completes the line. It is sent with the next line, or by flush().
void close_line(Output &output, const Subject &subject);

/// Sends what is left in the batch. To be called at the end of a transaction.
void flush(Output &output);

} // namespace bemi::decode
