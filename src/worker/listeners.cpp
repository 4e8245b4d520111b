#include "worker/listeners.hpp"

#include "worker/own_lock.hpp"

namespace bemi::worker::listeners {
namespace {

constexpr bool for_session = true, wait = false, do_not_wait = true;

/// What a transaction does, until it is known whether the subtransaction that did it is rolled back.
struct Step {
    SubTransactionId subtransaction;
    bool listens;
};

constinit List *steps = NIL;    // of the current transaction, which their memory belongs to
constinit bool listens = false; // since the last transaction that was committed

bool has_lock() {
    const LOCKTAG lock = tag_of(LockClass::listeners);
    return compat::holds_lock(lock, ShareLock);
}

void lock() {
    const LOCKTAG lock = tag_of(LockClass::listeners);
    (void)LockAcquire(&lock, ShareLock, for_session, wait);
}

void unlock() {
    const LOCKTAG lock = tag_of(LockClass::listeners);
    (void)LockRelease(&lock, ShareLock, for_session);
}

void add(bool listens_now) {
    MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
    auto *step = static_cast<Step *>(palloc(sizeof(Step)));
    *step = {.subtransaction = GetCurrentSubTransactionId(), .listens = listens_now};
    steps = lappend(steps, step);
    MemoryContextSwitchTo(caller);
}

bool will_listen() {
    return steps == NIL ? listens : static_cast<Step *>(llast(steps))->listens;
}

void before_commit() {
    // pg_advisory_unlock_all() releases this lock too.
    if (will_listen() && !has_lock())
        lock();
}

void end(bool listens_now) {
    if (!listens_now && (listens || steps != NIL) && has_lock())
        unlock();
    listens = listens_now;
    steps = NIL;
}

void on_transaction_event(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
        return before_commit();
    case XACT_EVENT_COMMIT:
        return end(will_listen());
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        return end(listens);
    default:
        return;
    }
}

void give_to(SubTransactionId parent, SubTransactionId subtransaction) {
    for (int i = 0; i < list_length(steps); i++) {
        auto *step = static_cast<Step *>(list_nth(steps, i));
        if (step->subtransaction == subtransaction)
            step->subtransaction = parent;
    }
}

void forget(SubTransactionId subtransaction) {
    while (steps != NIL && static_cast<Step *>(llast(steps))->subtransaction == subtransaction)
        steps = list_delete_last(steps);
}

void on_subtransaction_event(SubXactEvent event, SubTransactionId own, SubTransactionId parent, void *) {
    if (event == SUBXACT_EVENT_COMMIT_SUB)
        give_to(parent, own);
    else if (event == SUBXACT_EVENT_ABORT_SUB)
        forget(own);
}

} // namespace

void watch_transactions() {
    RegisterXactCallback(on_transaction_event, nullptr);
    RegisterSubXactCallback(on_subtransaction_event, nullptr);
}

void join_at_commit() {
    add(true);
}

void leave_at_commit() {
    if (will_listen())
        add(false);
}

bool exist() {
    const LOCKTAG lock = tag_of(LockClass::listeners);
    if (LockAcquire(&lock, ExclusiveLock, for_session, do_not_wait) == LOCKACQUIRE_NOT_AVAIL)
        return true;
    (void)LockRelease(&lock, ExclusiveLock, for_session);
    return false;
}

} // namespace bemi::worker::listeners
