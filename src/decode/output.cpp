#include "decode/output.hpp"

#include "base/lsn.hpp"
#include "base/memory.hpp"
#include "base/text.hpp"

namespace bemi::decode {

namespace {

bool is_in_progress(const Subject &subject) {
    return XLogRecPtrIsInvalid(subject.txn->end_position);
}

int errdetail_position(const Subject &subject) {
    const char *position = lsn_text(subject.position);
    if (is_in_progress(subject))
        return errdetail("It is at LSN %s, in a transaction that is in progress.", position);
    return errdetail("It is at LSN %s, in the transaction that ends at %s.", position,
                     lsn_text(subject.txn->end_position));
}

/// Says how the client can go on: by leaving out tables or messages with `option`, NULL if it has none, or by
/// skipping the transaction, which is possible as soon as its end is known.
int errhint_leave_out(const Subject &subject, const char *option) {
    if (option == nullptr)
        return 0;
    if (is_in_progress(subject))
        return errhint("Leave it out with the plugin's option \"%s\".", option);
    return errhint("Leave it out with the plugin's option \"%s\", or skip the whole transaction with SELECT "
                   "pg_replication_slot_advance('%s', '%s').",
                   option, NameStr(subject.output->ctx->slot->data.name),
                   lsn_text(subject.txn->end_position));
}

void raise_too_large(const void *subject_pointer) {
    const auto &subject = *static_cast<const Subject *>(subject_pointer);
    const Format &format = *subject.output->format;
    if (const RelationEntry *relation = subject.relation)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("change of table \"%s.%s\" is larger than 1 GB as JSON", relation->schema,
                               relation->table),
                        errdetail_position(subject), errhint_leave_out(subject, format.table_filter)));
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("message with prefix \"%s\" is larger than 1 GB as JSON", subject.prefix),
                    errdetail_position(subject), errhint_leave_out(subject, format.message_filter)));
}

void drop_unfinished_line(Output &output) {
    output.batch.len = output.batch_end;
}

/// Sends the batch to the client with the LSN `location`.
void write(Output &output, XLogRecPtr location) {
    LogicalDecodingContext *ctx = output.ctx;
    const bool last_write = true;
    const XLogRecPtr callback_location = ctx->write_location;

    ctx->write_location = location;
    OutputPluginPrepareWrite(ctx, last_write);
    appendBinaryStringInfo(ctx->out, output.batch.data, output.batch.len);
    OutputPluginWrite(ctx, last_write);
    ctx->write_location = callback_location;
    constexpr size_t longest_usual_line = 1024 * 1024;
    clear(&output.batch, 2 * output.batch_size + longest_usual_line);
    output.batch_end = 0;
}

} // namespace

Output make_output(LogicalDecodingContext *ctx, const Format &format, size_t batch_size) {
    // A client gets UTF-8 whatever the database's encoding; text escaped to ASCII is UTF-8 too. bemi's own
    // worker reads text in the database's encoding.
    Output output{.ctx = ctx,
                  .format = &format,
                  .to_ascii = !format.options.is_internal && !database_is_utf8(),
                  .server_text = {},
                  .batch_size = batch_size,
                  .batch = {},
                  .location = InvalidXLogRecPtr,
                  .batch_end = 0};
    initStringInfo(&output.server_text);
    initStringInfo(&output.batch);
    return output;
}

json::Writer open_line(Output &output, const Subject &subject) {
    drop_unfinished_line(output);
    if (output.batch.len > 0) {
        if (static_cast<size_t>(output.batch.len) >= output.batch_size)
            write(output, output.location);
        else
            appendStringInfoChar(&output.batch, '\n');
    }
    clear(&output.server_text);
    return json::Writer{output.to_ascii ? &output.server_text : &output.batch, {raise_too_large, &subject}};
}

void close_line(Output &output, const Subject &subject) {
    if (output.to_ascii && !append_ascii_json(&output.batch, view_of(output.server_text)))
        raise_too_large(&subject);
    output.batch_end = output.batch.len;
    output.location = output.ctx->write_location;
}

void flush(Output &output) {
    drop_unfinished_line(output);
    if (output.batch.len > 0)
        write(output, output.ctx->write_location);
}

} // namespace bemi::decode
