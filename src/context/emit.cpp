#include "context/emit.hpp"

#include "base/text.hpp"
#include "context/frame.hpp"
#include "context/message.hpp"
#include "context/session.hpp"

namespace bemi::context::emit {

using execution::Frame;
using execution::innermost;
using execution::Kept;
using message::all_in_force;
using message::Kind;
using message::kinds;

namespace {

// The version of the session's context whose messages are in force, if all_in_force. As long as that is so, a
// row needs no message: the shortest path for each row.
constinit uint64 version_in_force = 0;

Kept &kept_of(Frame &frame, const Kind &kind) {
    return frame.kept[&kind - kinds];
}

/// Keeps the message in force for each outer query that relies on it, and goes on when this one has ended.
void keep_for_outer_queries(const Kind &kind) {
    if (innermost == nullptr)
        return;
    const std::string_view message =
        kind.emitted == message::Emitted::nothing ? message::message_for({}) : view_of(kind.last);
    for (Frame *frame = innermost->outer; frame != nullptr; frame = frame->outer) {
        Kept &kept = kept_of(*frame, kind);
        if (!frame->relies || kept.message != nullptr)
            continue;
        kept = {static_cast<char *>(MemoryContextAlloc(TopTransactionContext, message.size())),
                message.size()};
        memcpy(kept.message, message.data(), message.size());
    }
}

void emit(Kind &kind, std::string_view object) {
    const std::string_view message = message::message_for(object);
    keep_for_outer_queries(kind);
    message::write(kind, message);
    message::remember(kind, message);
}

void emit_if_changed(Kind &kind, std::string_view object) {
    if (!message::is_in_force(kind, message::message_for(object)))
        emit(kind, object);
}

/// Below wal_level = logical the messages could not be decoded, and would only take space.
bool is_off() {
    return !guc::enabled || !XLogLogicalInfoActive();
}

} // namespace

void if_changed(Rows rows) {
    if (innermost != nullptr) {
        if (innermost->is_fixed)
            return;
        innermost->relies = true;
    }
    if (!all_in_force || session::changed() || version_in_force != session::version()) {
        if (is_off())
            return;
        const session::InForce &now = session::in_force();
        emit_if_changed(kinds[message::claim], now.claim);
        emit_if_changed(kinds[message::facts], now.facts);
        version_in_force = session::version();
        all_in_force = true;
        if (innermost != nullptr)
            free_kept(*innermost);
    }
    if (innermost != nullptr)
        innermost->is_fixed = rows == Rows::all_to_come;
}

void again() {
    if (is_off())
        return;
    const session::InForce &now = session::in_force();
    emit(kinds[message::claim], now.claim);
    emit_if_changed(kinds[message::facts], now.facts);
    if (innermost != nullptr)
        innermost->relies = true;
}

std::optional<std::string_view> fixed_claim() {
    const Kind &claim = kinds[message::claim];
    if (innermost == nullptr || !innermost->is_fixed || claim.emitted == message::Emitted::unknown)
        return std::nullopt;
    const bool is_none = message::is_in_force(claim, message::message_for({}));
    return is_none ? std::string_view() : view_of(claim.last);
}

void free_kept(Frame &frame) {
    for (Kept &kept : frame.kept) {
        if (kept.message != nullptr)
            pfree(kept.message);
        kept = {};
    }
}

void restore(Frame &frame) {
    for (Kind &kind : kinds) {
        const Kept &kept = kept_of(frame, kind);
        const std::string_view message(kept.message, kept.size);
        if (kept.message == nullptr || is_off() || message::is_in_force(kind, message))
            continue;
        message::write(kind, message);
        // If the subtransaction ends before the next row is written, the last message may have the LSN of
        // that row (see is_written_last() in message.cpp): the second message makes sure that the first one
        // comes before it.
        if (GetCurrentTransactionNestLevel() > frame.transaction_level)
            message::write(kind, message);
        message::remember(kind, message);
        all_in_force = false;
    }
    free_kept(frame);
}

} // namespace bemi::context::emit
