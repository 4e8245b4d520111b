#include "decode/record_filter.hpp"

#include "attested.hpp"
#include "decode/callbacks.hpp"
#include "guc.hpp"
#include "table_message.hpp"
#include "wire.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

/// A claim that is too large must still end the claim before it, which the following changes would otherwise
/// carry wrongly. So it is queued, but without its content, which would take memory in the reorder buffer.
/// The message is the reader's own copy, and PostgreSQL reads its size after this callback.
void empty_if_too_large(xl_logical_message &claim) {
    if (claim.message_size > static_cast<Size>(guc::max_context_size))
        claim.message_size = 0;
}

bool is_excluded_origin(const Options &options, compat::OriginId origin) {
    if (origin == compat::no_origin)
        return false;
    const std::vector<uint32_t> &excluded = options.exclude_origins;
    return origin == DoNotReplicateId ||
           std::find(excluded.begin(), excluded.end(), origin) != excluded.end();
}

} // namespace

bool filter_record(LogicalDecodingContext *ctx, compat::OriginId origin) {
    Decoder &decoder = decoder_of(ctx);
    XLogReaderState *record = ctx->reader;
    if (decoder.own_writes.recognize(record))
        return true;
    if (xl_logical_message *message = message_in(record)) {
        const std::string_view prefix = message->message; // a zero byte ends the prefix in the record
        // Claims are kept whatever their origin: a claim stays in force for later changes of another origin.
        if (prefix == claim_prefix) {
            empty_if_too_large(*message);
            return !message->transactional;
        }
        if (prefix == table_message::prefix)
            return decoder.format->table_state == nullptr ||
                   !has_attested_message(record, table_message::prefix) || !message->transactional;
        if (prefix == erasure_prefix)
            return !decoder.format->options.is_internal || !has_attested_message(record, erasure_prefix) ||
                   !message->transactional;
        if (prefix == facts_prefix)
            return !has_attested_message(record, facts_prefix) || !message->transactional;
    }
    return is_excluded_origin(*decoder.options, origin);
}

} // namespace bemi::decode
