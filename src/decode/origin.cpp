#include "decode/origin.hpp"

#include "attested.hpp"
#include "decode/callbacks.hpp"
#include "guc.hpp"
#include "wire.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

/// A claim that is too large takes no memory in the reorder buffer, but must end the claim before it at its
/// place among the changes, which they would bear wrongly. So it is queued, and what is queued is a claim
/// without content. The message is the reader's own copy, and PostgreSQL looks at its size after this
/// callback.
void cut_if_too_large(xl_logical_message &claim) {
    if (claim.message_size > static_cast<Size>(guc::max_context_size))
        claim.message_size = 0;
}

bool is_left_out(const Options &options, RepOriginId origin) {
    if (origin == InvalidRepOriginId)
        return false;
    const std::vector<uint32_t> &unwanted = options.exclude_origins;
    return origin == DoNotReplicateId ||
           std::find(unwanted.begin(), unwanted.end(), origin) != unwanted.end();
}

} // namespace

bool is_unwanted(LogicalDecodingContext *ctx, RepOriginId origin) {
    Decoder &decoder = decoder_of(ctx);
    XLogReaderState *record = ctx->reader;
    if (decoder.own_writes.have(record))
        return true;
    if (xl_logical_message *message = message_in(record)) {
        const std::string_view prefix = message->message; // ends with a zero byte
        // A claim may have any origin: it stays in force for changes that have another.
        if (prefix == claim_prefix) {
            cut_if_too_large(*message);
            return !message->transactional;
        }
        if (prefix == facts_prefix)
            return !has_attested_message(record, facts_prefix) || !message->transactional;
    }
    return is_left_out(*decoder.options, origin);
}

} // namespace bemi::decode
