#include "output.hpp"

#include "text.hpp"

namespace bemi::decode {

namespace {

/// An LSN as PostgreSQL prints it, in the current memory context.
char *lsn_text(XLogRecPtr lsn) {
    return psprintf("%X/%X", static_cast<uint32>(lsn >> 32), static_cast<uint32>(lsn));
}

[[noreturn]] void too_large(const Subject &subject, const char *what, const char *option) {
    const char *slot = NameStr(subject.output->ctx->slot->data.name);
    ereport(
        ERROR,
        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("%s is larger than 1 GB as JSON", what),
         errdetail("It is at LSN %s, in the transaction that ends at %s.", lsn_text(subject.position),
                   lsn_text(subject.txn->end_position)),
         errhint("Leave it out with the plugin's option \"%s\", or skip the whole transaction with SELECT "
                 "pg_replication_slot_advance('%s', '%s').",
                 option, slot, lsn_text(subject.txn->end_position))));
    pg_unreachable();
}

void raise_too_large(const void *subject_pointer) {
    const auto &subject = *static_cast<const Subject *>(subject_pointer);
    if (subject.relation != nullptr)
        too_large(subject,
                  psprintf("change of table \"%s.%s\"", subject.relation->schema, subject.relation->table),
                  "exclude-tables");
    too_large(subject, psprintf("message with prefix \"%s\"", subject.prefix), "messages");
}

bool is_batched(const Output &output) {
    return output.batch_size > 0;
}

StringInfo lines_of(Output &output) {
    return is_batched(output) ? &output.batch : output.ctx->out;
}

void prepare_write(Output &output) {
    const bool last_write = true;
    OutputPluginPrepareWrite(output.ctx, last_write);
}

void write(Output &output) {
    const bool last_write = true;
    output.ctx->out->data[output.ctx->out->len] = '\0';
    OutputPluginWrite(output.ctx, last_write);
}

/// Makes the batch empty. A single huge line must not hold its memory for the rest of the session.
void clear(StringInfo batch, size_t batch_size) {
    constexpr size_t worth_keeping = 1024 * 1024;
    if (static_cast<size_t>(batch->maxlen) <= 2 * batch_size + worth_keeping)
        return resetStringInfo(batch);
    MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(batch->data));
    pfree(batch->data);
    initStringInfo(batch);
    MemoryContextSwitchTo(caller);
}

} // namespace

Output make_output(LogicalDecodingContext *ctx, size_t batch_size) {
    Output output{.ctx = ctx, .server_text = {}, .batch_size = batch_size, .batch = {}};
    initStringInfo(&output.server_text);
    initStringInfo(&output.batch);
    return output;
}

JsonWriter open_line(Output &output, const Subject &subject) {
    if (!is_batched(output))
        prepare_write(output);
    else if (output.batch.len > 0)
        appendStringInfoChar(&output.batch, '\n');
    resetStringInfo(&output.server_text);
    return JsonWriter{database_is_utf8() ? lines_of(output) : &output.server_text,
                      {raise_too_large, &subject}};
}

void close_line(Output &output, const Subject &subject) {
    if (!database_is_utf8() && !append_ascii_json(lines_of(output), view_of(output.server_text)))
        raise_too_large(&subject);
    if (!is_batched(output))
        write(output);
    else if (static_cast<size_t>(output.batch.len) >= output.batch_size)
        flush(output);
}

void flush(Output &output) {
    if (output.batch.len == 0)
        return;
    prepare_write(output);
    appendBinaryStringInfo(output.ctx->out, output.batch.data, output.batch.len);
    write(output);
    clear(&output.batch, output.batch_size);
}

} // namespace bemi::decode
