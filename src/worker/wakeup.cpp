#include "worker/wakeup.hpp"

#include "base/names.hpp"
#include "worker/claim.hpp"
#include "worker/process.hpp"
#include "worker/shared.hpp"
#include "worker/slot.hpp"

namespace bemi::worker::wakeup {
namespace {

constinit bool has_changes = false;
constinit bool has_request = false;
constinit bool may_end = false; // the current transaction may drop the extension
constinit Request request;

// The worker as it was last found, so that not every commit has to search for it.
struct Target {
    PGPROC *process;
    int pid;
    TimestampTz searched_at;
};
constinit Target target = {};

/// Whether the PGPROC is still the worker's: another process that got it has another pid.
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
    at_once();
    if (request.is_urgent)
        process::interrupt_workers(MyDatabaseId);
}

bool start_worker() {
    return process::start_worker(MyDatabaseId,
                                 {.starter = GetTopTransactionIdIfAny(), .slot_since = request.slot_since});
}

/// Before the commit, where an ERROR is still possible. The worker waits for the end of the transaction.
void start_worker_if_missing() {
    if (request.needs_worker && (request.is_first || !claim::is_held()) && !start_worker())
        ereport(ERROR,
                (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED), errmsg("could not start a background worker"),
                 errhint("You might need to increase \"max_worker_processes\".")));
}

bool is_extension_gone() {
    return !OidIsValid(names::extension());
}

/// Starts a worker that drops the slot, in case the extension's own one is not running or is just leaving.
void end_if_gone() {
    if (slot::state() == slot::State::missing || !is_extension_gone())
        return;
    has_request = true;
    (void)start_worker(); // if that fails, the launcher starts one later
}

/// Waits, so that what the session does next is stored. A commit cannot process interrupts, so this looks
/// whether one is pending.
void wait_for_slot() {
    constexpr int tries = 400;
    constexpr long between_tries_us = 5000;
    for (int i = 0; i < tries && !QueryCancelPending && !ProcDiePending; i++) {
        if (slot::is_ready(request.slot_since))
            return;
        pg_usleep(between_tries_us);
    }
    ereport(NOTICE,
            (errmsg("replication slot does not exist yet"),
             errdetail("It waits for the transactions that are running; changes that are made before it "
                       "exists will not be stored."),
             errhint("bemi.metrics shows when it exists, and what it waits for.")));
}

void before_commit() {
    if (has_request)
        start_worker_if_missing();
    else if (may_end)
        end_if_gone();
}

void after_commit() {
    if (has_request)
        wake_all();
    else if (has_changes)
        wake_worker();
    if (!XLogRecPtrIsInvalid(request.slot_since))
        wait_for_slot();
}

void forget() {
    has_changes = has_request = may_end = false;
    request = {};
}

void on_transaction_event(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        return before_commit();
    case XACT_EVENT_COMMIT:
        after_commit();
        return forget();
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        return forget();
    default:
        return;
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
    process::wake_workers(MyDatabaseId);
}

void request_at_commit(const Request &requested) {
    has_request = true;
    request = requested;
}

void end_at_commit() {
    may_end = true;
}

} // namespace bemi::worker::wakeup
