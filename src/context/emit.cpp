#include "context/emit.hpp"

#include "attested.hpp"
#include "base/text.hpp"
#include "context/frame.hpp"
#include "context/session.hpp"
#include "wire.hpp"

namespace bemi::context::emit {

using execution::Frame;
using execution::innermost;
using execution::Kept;

namespace {

enum class Emitted : uint8_t {
    nothing, // no message in this transaction
    known,   // the message in `last`
    unknown, // the last message was rolled back with its subtransaction, or may be decoded too late
};

/// One of the two kinds of messages, claim and facts, and its last message in this transaction: the one that
/// is in force when this point of the WAL is decoded.
struct Kind {
    XLogRecPtr (*write)(std::string_view utf8);
    Emitted emitted = Emitted::nothing;
    StringInfoData last = {};
    int level = 0;                      // nesting level of the subtransaction that emitted `last`
    XLogRecPtr end = InvalidXLogRecPtr; // the end of its WAL record
};

XLogRecPtr write_claim(std::string_view utf8) {
    return compat::log_transactional_message(claim_prefix, utf8.data(), utf8.size());
}

XLogRecPtr write_facts(std::string_view utf8) {
    return log_attested_message(facts_prefix, utf8);
}

constinit Kind kinds[execution::message_kinds] = {{.write = write_claim}, {.write = write_facts}};
constinit Kind &claim = kinds[0], &facts = kinds[1];

// A row needs no message as long as the session's context has this version: the shortest path for each row.
constinit bool nothing_to_do = false;
constinit uint64 version_in_force = 0;

void on_transaction_event(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
    case XACT_EVENT_PREPARE:
        for (Kind &kind : kinds)
            kind.emitted = Emitted::nothing;
        nothing_to_do = false;
        break;
    default:
        break;
    }
}

void forget_emitted(Kind &kind) {
    kind.emitted = Emitted::unknown;
    nothing_to_do = false;
}

/// Whether the message is the last WAL record that was written. If so when a subtransaction begins or ends,
/// the message may be decoded too late: decoding merges subtransactions by the LSNs of their changes, which
/// is the end of a message, but the start of a row. A row of the other subtransaction that is written next
/// has the LSN of the message, and may be decoded before it.
bool is_written_last(const Kind &kind) {
    return kind.end == XactLastRecEnd;
}

void on_subtransaction_event(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
    const int level = GetCurrentTransactionNestLevel();
    for (Kind &kind : kinds) {
        if (kind.emitted != Emitted::known)
            continue;
        const bool is_rolled_back = event == SUBXACT_EVENT_ABORT_SUB && kind.level >= level;
        if (is_rolled_back || is_written_last(kind))
            forget_emitted(kind);
        else if (event == SUBXACT_EVENT_COMMIT_SUB && kind.level >= level)
            kind.level = level - 1;
    }
}

void remember(Kind &kind, std::string_view message) {
    if (kind.last.data == nullptr) {
        MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
        initStringInfo(&kind.last);
        MemoryContextSwitchTo(caller);
    }
    resetStringInfo(&kind.last);
    appendBinaryStringInfo(&kind.last, message.data(), static_cast<int>(message.size()));
    kind.emitted = Emitted::known;
    kind.level = GetCurrentTransactionNestLevel();
}

void write(Kind &kind, std::string_view message) {
    if (database_is_utf8()) {
        kind.end = kind.write(message);
        return;
    }
    StringInfoData utf8;
    initStringInfo(&utf8);
    append_utf8(&utf8, message);
    kind.end = kind.write(view_of(utf8));
    pfree(utf8.data);
}

/// A context that has become empty needs a message too: it ends the former context for the rows that follow.
std::string_view message_for(std::string_view object) {
    return object.empty() ? std::string_view("{}") : object;
}

Kept &kept_of(Frame &frame, const Kind &kind) {
    return frame.kept[&kind - kinds];
}

/// Keeps the message in force for each outer query that relies on it, and goes on when this one has ended.
void keep_for_outer_queries(const Kind &kind) {
    if (innermost == nullptr)
        return;
    const std::string_view message = kind.emitted == Emitted::nothing ? message_for({}) : view_of(kind.last);
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
    const std::string_view message = message_for(object);
    keep_for_outer_queries(kind);
    write(kind, message);
    remember(kind, message);
}

bool is_in_force(const Kind &kind, std::string_view object) {
    switch (kind.emitted) {
    case Emitted::nothing:
        return object.empty();
    case Emitted::known:
        return message_for(object) == view_of(kind.last);
    case Emitted::unknown:
        break;
    }
    return false;
}

void emit_if_changed(Kind &kind, std::string_view object) {
    if (!is_in_force(kind, object))
        emit(kind, object);
}

/// Below wal_level = logical the messages could not be decoded, and would only take space.
bool is_off() {
    return !guc::enabled || !XLogLogicalInfoActive();
}

} // namespace

void watch_transactions() {
    RegisterXactCallback(on_transaction_event, nullptr);
    RegisterSubXactCallback(on_subtransaction_event, nullptr);
}

void if_changed(Rows rows) {
    if (innermost != nullptr) {
        if (innermost->is_fixed)
            return;
        innermost->relies = true;
    }
    if (!nothing_to_do || session::changed() || version_in_force != session::version()) {
        if (is_off())
            return;
        const session::InForce &now = session::in_force();
        emit_if_changed(claim, now.claim);
        emit_if_changed(facts, now.facts);
        version_in_force = session::version();
        nothing_to_do = true;
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
    emit(claim, now.claim);
    emit_if_changed(facts, now.facts);
    if (innermost != nullptr)
        innermost->relies = true;
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
        if (kept.message == nullptr || is_off() ||
            (kind.emitted == Emitted::known && message == view_of(kind.last)))
            continue;
        write(kind, message);
        // If the subtransaction ends before the next row is written, the last message may have the LSN of
        // that row (see is_written_last): the second message makes sure that the first one comes before it.
        if (GetCurrentTransactionNestLevel() > frame.transaction_level)
            write(kind, message);
        remember(kind, message);
        nothing_to_do = false;
    }
    free_kept(frame);
}

} // namespace bemi::context::emit
