// The worker of a database: reads the changes of its tracked tables from the WAL and stores them.
#include "base/boundary.hpp"
#include "base/memory.hpp"
#include "base/transaction.hpp"
#include "store/progress.hpp"
#include "store/table_states.hpp"
#include "worker/claim.hpp"
#include "worker/fault.hpp"
#include "worker/process.hpp"
#include "worker/settings.hpp"
#include "worker/slot.hpp"
#include "worker/start_position.hpp"
#include "worker/state.hpp"
#include "worker/storing.hpp"

#include <algorithm>

extern "C" PGDLLEXPORT void bemi_worker_main(Datum database);

namespace bemi::worker {
namespace {

constexpr int max_crashes = 10;
// After so many attempts that failed for lack of memory, the row that needs it is given up. Less may be
// somebody else's work, which ends.
constexpr int max_attempts_without_memory = 3;
constexpr long max_backoff_ms = 5 * 60 * 1000;
// After an error that could not be recorded: the delay is derived from what is recorded.
constexpr long blind_backoff_ms = 10 * 1000;
constexpr long look_again_ms = 500;

constinit Storing storing{};

/// How long to wait before the next attempt: longer after each one that failed.
long backoff_ms(const state::Desired &desired) {
    if (desired.attempts == 0)
        return 0;
    const long delay = std::min(1000L << std::min(desired.attempts - 1, 20), max_backoff_ms);
    const TimestampTz due = TimestampTzPlusMilliseconds(desired.attempted_at, delay);
    // A clock that was set back must not prolong the wait.
    return std::min(TimestampDifferenceMilliseconds(GetCurrentTimestamp(), due), delay);
}

/// The desired state, once it is time to act on it. A session that requests another state waits for this
/// worker in its commit, before its invalidation messages are sent: hence the state is read anew each time.
state::Desired await_start() {
    for (;;) {
        const state::Desired desired = state::last_desired();
        const long left = desired.state == state::DesiredState::running ? backoff_ms(desired) : 0;
        if (left <= 0)
            return desired;
        pgstat_report_activity(STATE_RUNNING, "waiting before the next attempt");
        process::pause(std::min(left, look_again_ms));
    }
}

void drop_slot() {
    if (MyReplicationSlot != nullptr)
        ReplicationSlotRelease();
    slot::drop();
}

/// Stores what is still to be stored, unless storing has failed already, and drops the slot.
void end(const state::Desired &desired) {
    const XLogRecPtr stored =
        XLogRecPtrIsInvalid(desired.since) ? InvalidXLogRecPtr : store::progress::read().position;
    if (start_position::is_slot_ours(desired) && desired.attempts == 0) {
        if (MyReplicationSlot == nullptr) {
            state::begin_attempt(desired);
            storing.open();
        }
        storing.finish(desired);
    } else if (!XLogRecPtrIsInvalid(stored)) {
        note_unstored(stored, desired);
    }
    drop_slot();
    store::table_states::end_all("bemi.stop(drop_slot => true) was called");
    store::progress::forget();
}

void decode_and_store(const state::Desired &desired) {
    gives_up_for_memory = desired.lacks_memory && desired.attempts >= max_attempts_without_memory;
    state::begin_attempt(desired);
    if (!start_position::prepare(desired))
        return;
    store::table_states::look_at_all();
    storing.open();
    process::log_begin();
    const state::Desired last = storing.run(desired);
    process::log_end();
    switch (last.state) {
    case state::DesiredState::stopped:
        return end(last);
    case state::DesiredState::paused:
        return ReplicationSlotRelease();
    case state::DesiredState::running: // the extension was dropped and created anew
        drop_slot();
        (void)process::start_worker(MyDatabaseId);
    }
}

/// Whether the session that starts this worker waits for a slot, in its commit, while it still holds its
/// locks.
bool is_slot_awaited(const process::Start &start) {
    return !XLogRecPtrIsInvalid(start.slot_since) && slot::confirmed() < start.slot_since;
}

/// Makes this process the only worker. A worker of a former extension would learn that the extension was
/// dropped only after the commit that waits for this one.
bool take_over_from_former(const process::Start &start) {
    if (is_slot_awaited(start))
        process::end_worker(MyDatabaseId);
    return claim::acquire(start.is_successor);
}

void live() {
    process::show_database();
    settings::note();
    const process::Start start = process::wait_for_starter();
    if (!take_over_from_former(start))
        return;
    if (is_slot_awaited(start)) // before anything that a lock of that session could block
        start_position::make_slot();
    state::take_over();
    const state::Desired desired = await_start();
    switch (desired.state) {
    case state::DesiredState::stopped:
        return end(desired);
    case state::DesiredState::paused:
        return;
    case state::DesiredState::running:
        break;
    }
    if (desired.crashes >= max_crashes)
        return state::pause_on_failure(ERRCODE_CRASH_SHUTDOWN, "the worker crashed too often");
    decode_and_store(desired);
}

/// Cleans up after an error, which left a transaction, locks and the slot behind.
void recover() {
    AbortOutOfAnyTransaction();
    LWLockReleaseAll();
    ConditionVariableCancelSleep();
    if (MyReplicationSlot != nullptr)
        ReplicationSlotRelease();
    InvalidateSystemCaches();
    MemoryContextSwitchTo(TopMemoryContext);
}

/// Runs `body` after an error; false if it raises another one.
template <typename Body> bool survives(Body &&body) {
    const ErrorData *error = fault::error_of(body);
    if (error == nullptr)
        return true;
    recover();
    fault::report(*error);
    return false;
}

/// Records the error and starts another process, which waits before it tries again.
void fail(const ErrorData &error) {
    bool is_noted = false;
    if (!survives([&] { is_noted = fault::note(error); }) || !is_noted) {
        claim::release(); // the extension may have been dropped and created anew by now
        (void)survives([] { process::pause(blind_backoff_ms); });
    }
    if (!process::is_terminated())
        (void)process::start_worker(MyDatabaseId);
}

void end_process(const ErrorData *error) {
    if (error != nullptr)
        recover();
    if (process::is_terminated()) {
        ereport(LOG, (errmsg("terminating bemi worker due to administrator command")));
        (void)survives(state::terminated);
    } else if (error != nullptr)
        fail(*error);
    // A request waits until the end of this process admits it. It must not find this worker's claim then, and
    // the locks of a process that ends go one by one.
    claim::release();
    proc_exit(error == nullptr ? 0 : 1);
}

} // namespace
} // namespace bemi::worker

void bemi_worker_main(Datum database) {
    using namespace bemi::worker;
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    process::end_on_sigterm();
    BackgroundWorkerUnblockSignals();
    const Oid bootstrap_superuser = InvalidOid;
    BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), bootstrap_superuser, 0);
    settings::fix();
    end_process(fault::error_of(live));
}
