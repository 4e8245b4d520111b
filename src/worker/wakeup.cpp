#include "wakeup.hpp"

#include "process.hpp"
#include "shared.hpp"
#include "slot.hpp"

namespace bemi::wakeup {
namespace {

constinit bool has_changes = false;
constinit bool has_orders = false;
constinit bool starts_worker = false;

// The worker as it was last found, so that a commit need not look for it.
struct Target {
    PGPROC *process;
    int pid;
    TimestampTz searched_at;
};
constinit Target target = {};

/// A process that took the place of the worker's in shared memory has another pid.
bool is_there() {
    return target.process != nullptr && target.process->pid == target.pid;
}

void search(TimestampTz now) {
    constexpr int between_searches_ms = 1000;
    const bool clock_was_set_back = now < target.searched_at;
    if (!clock_was_set_back && !TimestampDifferenceExceeds(target.searched_at, now, between_searches_ms))
        return;
    target.searched_at = now;
    target.pid = slot::owner();
    target.process = target.pid == 0 ? nullptr : BackendPidGetProc(target.pid);
    shared::search();
}

void wake_worker() {
    if (!is_there())
        search(GetCurrentTransactionStopTimestamp());
    shared::note_commit();
    if (is_there())
        SetLatch(&target.process->procLatch);
}

void wake_all() {
    process::alert_launcher();
    at_once();
}

/// So that what the session does next is stored.
void wait_for_slot() {
    constexpr int tries = 400;
    constexpr long between_tries_us = 5000;
    for (int i = 0; i < tries; i++) {
        if (slot::is_ready())
            return;
        pg_usleep(between_tries_us); // nobody may interrupt a commit
    }
    ereport(NOTICE,
            (errmsg("the replication slot is not made yet"),
             errdetail("It waits for the transactions that are running; changes that are made before it is "
                       "there will not be stored."),
             errhint("bemi.status shows when it is there, and who holds it up.")));
}

void on_transaction_event(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_COMMIT:
        if (has_orders)
            wake_all();
        else if (has_changes)
            wake_worker();
        if (starts_worker)
            wait_for_slot();
        [[fallthrough]];
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        has_changes = has_orders = starts_worker = false;
        break;
    default:
        break;
    }
}

} // namespace

void watch_transactions() {
    RegisterXactCallback(on_transaction_event, nullptr);
}

void at_commit() {
    if (!has_changes)
        shared::attach();
    has_changes = true;
}

void at_once() {
    const int worker = process::worker_of(MyDatabaseId);
    PGPROC *process = worker == 0 ? nullptr : BackendPidGetProc(worker);
    if (process != nullptr)
        SetLatch(&process->procLatch);
}

void all_at_commit() {
    has_orders = true;
}

void slot_at_commit() {
    starts_worker = true;
}

} // namespace bemi::wakeup
