#include "context/message.hpp"

#include "attested.hpp"
#include "base/text.hpp"
#include "wire.hpp"

namespace bemi::context::message {
namespace {

XLogRecPtr write_claim(std::string_view utf8) {
    return compat::log_transactional_message(claim_prefix, utf8.data(), utf8.size());
}

XLogRecPtr write_facts(std::string_view utf8) {
    return log_attested_message(facts_prefix, utf8);
}

void on_transaction_event(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
    case XACT_EVENT_PREPARE:
        for (Kind &kind : kinds)
            kind.emitted = Emitted::nothing;
        all_in_force = false;
        break;
    default:
        break;
    }
}

void forget_emitted(Kind &kind) {
    kind.emitted = Emitted::unknown;
    all_in_force = false;
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

} // namespace

constinit Kind kinds[execution::message_kinds] = {{.write = write_claim}, {.write = write_facts}};
constinit bool all_in_force = false;

void watch_transactions() {
    RegisterXactCallback(on_transaction_event, nullptr);
    RegisterSubXactCallback(on_subtransaction_event, nullptr);
}

/// A context that has become empty needs a message too: it ends the former context for the rows that follow.
std::string_view message_for(std::string_view object) {
    return object.empty() ? std::string_view("{}") : object;
}

bool is_in_force(const Kind &kind, std::string_view message) {
    switch (kind.emitted) {
    case Emitted::nothing:
        return message == message_for({});
    case Emitted::known:
        return message == view_of(kind.last);
    case Emitted::unknown:
        break;
    }
    return false;
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

} // namespace bemi::context::message
