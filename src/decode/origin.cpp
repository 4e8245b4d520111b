#include "decode/origin.hpp"

#include "attested.hpp"
#include "decode/callbacks.hpp"
#include "guc.hpp"
#include "wire.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

/// A claim may have any origin: it stays in force for changes that have another.
bool is_unwanted_claim(const xl_logical_message &message) {
    return !message.transactional || message.message_size > static_cast<Size>(guc::max_context_size);
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
    if (const xl_logical_message *message = message_in(record)) {
        const std::string_view prefix = message->message; // ends with a zero byte
        if (prefix == claim_prefix)
            return is_unwanted_claim(*message);
        if (prefix == facts_prefix)
            return !has_attested_message(record, facts_prefix) || !message->transactional;
    }
    return is_left_out(*decoder.options, origin);
}

} // namespace bemi::decode
