#include "worker/notification.hpp"

#include "base/transaction.hpp"
#include "worker/fault.hpp"
#include "worker/listeners.hpp"
#include "worker/process.hpp"

namespace bemi::worker {
namespace {

/// Whether a session has long not read its notifications. Once the queue is full, every transaction of the
/// server that notifies fails at its commit: the worker has no part in that.
bool is_queue_long() {
    constexpr double long_enough = 0.25;
    return DatumGetFloat8(OidFunctionCall0(F_PG_NOTIFICATION_QUEUE_USAGE)) >= long_enough;
}

/// Takes the lock that PostgreSQL takes at the commit of a transaction that notifies, if it is free. Whoever
/// has it may wait in its own commit, for a synchronous standby for example, and the worker must not.
bool lock_queue() {
    constexpr bool for_session = false, do_not_wait = true;
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, InvalidOid, 0);
    return LockAcquire(&tag, AccessExclusiveLock, for_session, do_not_wait) != LOCKACQUIRE_NOT_AVAIL;
}

} // namespace

void Notification::add(uint64 changes) {
    changes_ += changes;
    is_owed_ = is_owed_ || changes > 0;
}

void Notification::settle() {
    is_owed_ = false;
    changes_ = 0;
}

void Notification::send(XLogRecPtr stored) {
    const TimestampTz now = GetCurrentTimestamp();
    if (now < not_before_ && !TimestampDifferenceExceeds(now, not_before_, 1000))
        return;
    MemoryContext memory = CurrentMemoryContext;
    const char *payload =
        psprintf(R"({"changes": %llu, "stored_position": %llu})", static_cast<unsigned long long>(changes_),
                 static_cast<unsigned long long>(stored));
    bool is_sent = false;
    const ErrorData *error = fault::error_of([&is_sent, payload] {
        in_transaction([&is_sent, payload] {
            is_sent = !is_queue_long() && lock_queue();
            if (is_sent)
                Async_Notify(listeners::channel, payload);
        });
    });
    if (error == nullptr && is_sent)
        settle();
    MemoryContextSwitchTo(memory);
    if (error != nullptr)
        fail(*error);
}

void Notification::fail(const ErrorData &error) {
    AbortOutOfAnyTransaction();
    if (process::is_terminated())
        ReThrowError(const_cast<ErrorData *>(&error));
    fault::report(error);
    constexpr int try_again_ms = 1000;
    not_before_ = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), try_again_ms);
}

} // namespace bemi::worker
