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

} // namespace

Output make_output(LogicalDecodingContext *ctx) {
    Output output{.ctx = ctx, .server_text = {}};
    initStringInfo(&output.server_text);
    return output;
}

JsonWriter open_line(Output &output, const Subject &subject) {
    const bool last_write = true;
    OutputPluginPrepareWrite(output.ctx, last_write);
    resetStringInfo(&output.server_text);
    return JsonWriter{database_is_utf8() ? output.ctx->out : &output.server_text,
                      {raise_too_large, &subject}};
}

void close_line(Output &output, const Subject &subject) {
    const bool last_write = true;
    if (!database_is_utf8() && !append_ascii_json(output.ctx->out, view_of(output.server_text)))
        raise_too_large(&subject);
    output.ctx->out->data[output.ctx->out->len] = '\0';
    OutputPluginWrite(output.ctx, last_write);
}

} // namespace bemi::decode
