#include "emit.hpp"

#include "session.hpp"
#include "text.hpp"
#include "wire.hpp"

namespace bemi::emit {
namespace {

// What the decoder will believe to be in force at this point of the transaction.
enum class Emitted : uint8_t {
    nothing, // no message yet
    known,   // `last`
    unknown, // the last message died with its subtransaction, or may be read too late
};
constinit Emitted emitted = Emitted::nothing;
constinit StringInfoData last = {};
constinit int emitted_level = 0; // nesting level of the subtransaction that emitted last
constinit XLogRecPtr emitted_end = InvalidXLogRecPtr;
// The shortest way for the next row: nothing to do as long as the context is still this one.
constinit bool nothing_to_do = false;
constinit uint64 version_in_force = 0;

void on_transaction_event(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
    case XACT_EVENT_PREPARE:
        emitted = Emitted::nothing;
        nothing_to_do = false;
        break;
    default:
        break;
    }
}

void forget_emitted() {
    emitted = Emitted::unknown;
    nothing_to_do = false;
}

/// Where one subtransaction ends and another begins: decoding orders their records by position, which is the
/// start of a row's, but the end of a message's. If nothing was written since the message, a row of the other
/// one may have the same position and be taken for the earlier of the two.
void forget_if_written_last() {
    if (emitted == Emitted::known && emitted_end == XactLastRecEnd)
        forget_emitted();
}

void on_subtransaction_event(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
    forget_if_written_last();
    const int level = GetCurrentTransactionNestLevel();
    if (emitted != Emitted::known || emitted_level < level)
        return;
    if (event == SUBXACT_EVENT_ABORT_SUB)
        forget_emitted();
    else if (event == SUBXACT_EVENT_COMMIT_SUB)
        emitted_level = level - 1;
}

void remember(std::string_view context) {
    if (last.data == nullptr) {
        MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
        initStringInfo(&last);
        MemoryContextSwitchTo(caller);
    }
    resetStringInfo(&last);
    appendBinaryStringInfo(&last, context.data(), static_cast<int>(context.size()));
    emitted = Emitted::known;
    emitted_level = GetCurrentTransactionNestLevel();
}

void write_message(std::string_view context) {
    if (database_is_utf8()) {
        emitted_end = compat::log_transactional_message(context_prefix, context.data(), context.size());
        return;
    }
    StringInfoData utf8;
    initStringInfo(&utf8);
    append_utf8(&utf8, context);
    emitted_end = compat::log_transactional_message(context_prefix, utf8.data, static_cast<size_t>(utf8.len));
    pfree(utf8.data);
}

/// A context that went away is an empty one: the rows that follow must not keep the former.
std::string_view message_for(std::string_view context) {
    return context.empty() ? std::string_view("{}") : context;
}

void emit(std::string_view context) {
    const std::string_view message = message_for(context);
    write_message(message);
    remember(message);
}

bool is_in_force(std::string_view context) {
    switch (emitted) {
    case Emitted::nothing:
        return context.empty();
    case Emitted::known:
        return message_for(context) == view_of(last);
    case Emitted::unknown:
        break;
    }
    return false;
}

/// Without logical WAL nobody can read the messages: they would be dead weight.
bool is_off() {
    return !guc::enabled || !XLogLogicalInfoActive();
}

} // namespace

void watch_transactions() {
    RegisterXactCallback(on_transaction_event, nullptr);
    RegisterSubXactCallback(on_subtransaction_event, nullptr);
}

void if_changed() {
    if (nothing_to_do && !session::changed() && version_in_force == session::version())
        return;
    if (is_off())
        return;
    const std::string_view context = session::effective();
    if (!is_in_force(context))
        emit(context);
    version_in_force = session::version();
    nothing_to_do = true;
}

void again() {
    if (!is_off())
        emit(session::effective());
}

} // namespace bemi::emit
