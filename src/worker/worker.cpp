// The worker of a database: reads the changes of its tracked tables from the WAL and stores them.
#include "boundary.hpp"
#include "caches.hpp"
#include "gaps.hpp"
#include "partitions.hpp"
#include "process.hpp"
#include "retention.hpp"
#include "settings.hpp"
#include "shared.hpp"
#include "sink_local.hpp"
#include "slot.hpp"
#include "state.hpp"
#include "stream.hpp"
#include "transaction.hpp"
#include "wal.hpp"
#include "wal_search.hpp"

#include <algorithm>

extern "C" PGDLLEXPORT void bemi_worker_main(Datum database);

namespace bemi::worker {
namespace {

// Somebody who does not wake us has committed, or a heartbeat is due.
constexpr long poll_ms = 500;
// A commit with synchronous_commit = off wakes us before its WAL is on disk.
constexpr long flush_poll_ms = 10;
constexpr int flush_polls = 40;
// How often the server is told what it need not keep any more: that writes to disk.
constexpr int confirm_ms = 1000, idle_confirm_ms = 10 * 1000;
// How often partitions are made ahead and dropped.
constexpr int maintain_ms = 60 * 1000;
constexpr int most_crashes = 10;
constexpr long longest_backoff_ms = 5 * 60 * 1000;
// Where not even an error can be noted, which the delay goes by.
constexpr long blind_backoff_ms = 10 * 1000;

/// Runs `body`; the error, which is in the log then, in the current memory context, or NULL if there was
/// none.
template <typename Body> const ErrorData *error_of(Body &&body) {
    MemoryContext memory = CurrentMemoryContext;
    const ErrorData *volatile error = nullptr;
    PG_TRY();
    { body(); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(memory);
        error = CopyErrorData();
        EmitErrorReport();
        FlushErrorState();
    }
    PG_END_TRY();
    return error;
}

/// Storing does not depend on it: an error is noted, and the next time may do better.
template <typename Body> void maintain(Body &&body) {
    MemoryContext memory = CurrentMemoryContext;
    const ErrorData *error = error_of(body);
    if (error == nullptr)
        return;
    AbortOutOfAnyTransaction();
    MemoryContextSwitchTo(memory);
    partitions::forget();
    state::failed(*error);
}

void drop_expired_partitions() {
    List *expired = retention::expired();
    for (int i = 0; i < list_length(expired); i++)
        maintain([partition = list_nth_oid(expired, i)] { retention::drop(partition); });
}

/// Whether it was so long ago, which then begins anew. Not knowing how long is long enough: the clock may
/// have been set back.
bool is_over(TimestampTz &since, int milliseconds) {
    const TimestampTz now = GetCurrentTimestamp();
    if (since <= now && !TimestampDifferenceExceeds(since, now, milliseconds))
        return false;
    since = now;
    return true;
}

class Worker {
public:
    void open();
    void run();

private:
    /// Runs `body`, which has transactions of its own, between decoding and decoding.
    template <typename Body> void in_the_present(Body &&body);
    bool is_wanted();
    void store();
    void note_progress();
    void confirm();
    void confirm_if_due();
    void maintain_if_due();
    void note_health();
    void wait();

    Stream stream_;
    Batch batch_;
    MemoryContext memory_; // reset after each round
    sink::Stored stored_;
    XLogRecPtr confirmed_;
    TimestampTz confirmed_at_;
    TimestampTz maintained_at_;
    int flush_polls_left_;
    bool ran_well_;
    bool has_successor_;
};

constinit Worker worker{};

void Worker::open() {
    batch_.open();
    const XLogRecPtr from = state::progress().position;
    stream_.open(from, batch_);
    shared::open(from);
    stored_.progress = from;
    confirmed_ = MyReplicationSlot->data.confirmed_flush;
    memory_ = AllocSetContextCreate(TopMemoryContext, "bemi worker", ALLOCSET_DEFAULT_SIZES);
}

void Worker::run() {
    MemoryContextSwitchTo(memory_);
    while (is_wanted()) {
        stream_.read(compat::flushed_wal());
        if (!batch_.empty())
            store();
        shared::end_batch(stream_.position());
        maintain_if_due();
        confirm_if_due();
        if (stream_.position() >= compat::flushed_wal()) {
            note_health();
            wait();
        }
        MemoryContextReset(memory_);
    }
    confirm();
}

template <typename Body> void Worker::in_the_present(Body &&body) {
    const uint64 bytes = pgWalUsage.wal_bytes;
    const XLogRecPtr from = GetXLogInsertRecPtr();
    caches::change_era(stream_.position());
    body();
    shared::wrote_wal(from, GetXLogInsertRecPtr(), pgWalUsage.wal_bytes - bytes);
    caches::change_era(stream_.position());
}

bool Worker::is_wanted() {
    CHECK_FOR_INTERRUPTS();
    if (ConfigReloadPending) {
        ConfigReloadPending = false;
        ProcessConfigFile(PGC_SIGHUP);
        maintained_at_ = 0;
    }
    if (has_successor_)
        return false;
    if (!state::may_have_changed())
        return true;
    bool wanted;
    in_the_present([&wanted] { wanted = state::orders().wanted == state::Wanted::running; });
    return wanted;
}

void Worker::store() {
    in_the_present([this] { stored_ = sink::store(batch_); });
    batch_.clear();
    note_health();
    (void)pgstat_report_stat(false);
}

/// So that WAL without changes of ours is not kept either. Seldom: this writes WAL itself.
void Worker::note_progress() {
    const XLogRecPtr position = stream_.position();
    if (position < stored_.progress + wal_segment_size)
        return;
    in_the_present([position] { state::set_progress(position); });
    stored_ = {.progress = position, .end = XactLastCommitEnd};
}

/// Confirms what is written in bemi.progress, and nothing beyond: a slot that is ahead of that tells of a
/// gap.
void Worker::confirm() {
    if (stored_.progress <= confirmed_)
        return;
    // What is confirmed will not come again: it must be on disk.
    XLogFlush(stored_.end);
    confirmed_ = stored_.progress;
    slot::confirm(confirmed_);
}

void Worker::confirm_if_due() {
    const bool has_stored = stored_.progress > confirmed_;
    if (!is_over(confirmed_at_, has_stored ? confirm_ms : idle_confirm_ms))
        return;
    note_progress();
    confirm();
    (void)pgstat_report_stat(true);
}

void Worker::maintain_if_due() {
    if (!is_over(maintained_at_, maintain_ms))
        return;
    in_the_present([this] {
        has_successor_ = settings::have_changed() && process::start_worker(MyDatabaseId);
        if (has_successor_)
            return;
        maintain(partitions::make_ahead);
        maintain(drop_expired_partitions);
    });
}

/// It has stored something, or there was nothing to store.
void Worker::note_health() {
    if (!ran_well_)
        in_the_present(state::ran_well);
    ran_well_ = true;
}

void Worker::wait() {
    pgstat_report_activity(STATE_IDLE, nullptr);
    shared::set_phase(shared::Phase::idle);
    const long timeout = flush_polls_left_ > 0 ? flush_poll_ms : poll_ms;
    const int events =
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout, PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    if ((events & WL_LATCH_SET) != 0)
        flush_polls_left_ = flush_polls;
    else if (flush_polls_left_ > 0)
        flush_polls_left_--;
    shared::set_phase(shared::Phase::reading);
    pgstat_report_activity(STATE_RUNNING, "reading and storing changes");
}

/// How long the former attempts suggest to wait.
long backoff_ms(const state::Orders &orders) {
    if (orders.attempts == 0)
        return 0;
    const long delay = std::min(1000L << std::min(orders.attempts - 1, 20), longest_backoff_ms);
    const TimestampTz due = TimestampTzPlusMilliseconds(orders.attempted_at, delay);
    // A clock that was set back must not make us wait for longer.
    return std::min(TimestampDifferenceMilliseconds(GetCurrentTimestamp(), due), delay);
}

void end() {
    slot::drop();
    state::forget_progress();
}

/// Makes the slot where there is none, or none that can be used.
void make_slot() {
    slot::drop();
    pgstat_report_activity(STATE_RUNNING, "waiting for the transactions that are running, to make the slot");
    slot::create();
    shared::forget();
    ereport(LOG, (errmsg("bemi made the replication slot of database \"%s\"", process::database_name())));
}

/// Begins behind the WAL that there is: what of it is stored is not known. The changes that were committed up
/// to `known` are.
void begin_anew(XLogRecPtr known, XLogRecPtr start) {
    gaps::add(
        {.from = known, .to = start, .reason = "the position up to which all was stored is not of this WAL"});
    state::set_progress(start);
}

/// What the slot does not have, and is not stored, is lost: because the slot is a new one, because somebody
/// else advanced it, or because a standby that was promoted has the slot, but not all that was stored.
void begin_at_slot(slot::State before, const char *reason) {
    const state::Progress stored = state::progress();
    const XLogRecPtr from = stored.position, start = slot::confirmed();
    if (XLogRecPtrIsInvalid(from))
        return state::set_progress(start);
    if (!wal::has_written(from, stored.timeline))
        return before == slot::State::usable ? begin_anew(start, compat::flushed_wal())
                                             : begin_anew(InvalidXLogRecPtr, start);
    if (from >= start)
        return;
    if (gaps::has_open() || wal::may_have_changes(from, start))
        gaps::add({.from = from, .to = start, .reason = reason});
    state::set_progress(start);
}

/// False if there is none to go on with, which is known only to who looks at the gap, and starts us again.
bool prepare_slot() {
    const slot::State found = slot::state();
    if (found == slot::State::usable) {
        begin_at_slot(found, "the slot is ahead of what is stored");
        return true;
    }
    if (found == slot::State::invalidated && !gaps::has_open()) {
        gaps::add({.from = state::progress().position, .reason = gaps::slot_invalidated});
        state::give_up(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "the replication slot was invalidated; see bemi.gaps");
        return false;
    }
    make_slot();
    begin_at_slot(found, "the slot was lost or dropped");
    return true;
}

/// The orders once it is time to follow them. Who gives new ones waits for us in its commit, before it tells
/// others what has changed: so they are read anew each time.
state::Orders await_orders() {
    for (;;) {
        const state::Orders orders = state::orders();
        const long left = orders.wanted == state::Wanted::running ? backoff_ms(orders) : 0;
        if (left <= 0)
            return orders;
        pgstat_report_activity(STATE_RUNNING, "waiting before the next attempt");
        process::pause(std::min(left, poll_ms));
    }
}

void decode_and_store() {
    state::begin_attempt();
    if (!prepare_slot())
        return;
    worker.open();
    ereport(LOG, (errmsg("bemi stores the changes of database \"%s\"", process::database_name())));
    worker.run();
    ereport(LOG, (errmsg("bemi stops storing the changes of database \"%s\"", process::database_name())));
    ReplicationSlotRelease();
    if (state::orders().wanted == state::Wanted::ended)
        end();
}

void live() {
    process::show_database();
    settings::note();
    process::wait_for_starter();
    if (!process::claim_database())
        return;
    state::take_over();
    const state::Orders orders = await_orders();
    switch (orders.wanted) {
    case state::Wanted::ended:
        return end();
    case state::Wanted::paused:
        return;
    case state::Wanted::running:
        break;
    }
    if (orders.crashes >= most_crashes)
        return state::give_up(ERRCODE_CRASH_SHUTDOWN, "the worker crashed too often");
    decode_and_store();
}

/// Leaves whatever the error broke off.
void recover() {
    AbortOutOfAnyTransaction();
    LWLockReleaseAll();
    ConditionVariableCancelSleep();
    if (MyReplicationSlot != nullptr)
        ReplicationSlotRelease();
    InvalidateSystemCaches();
    MemoryContextSwitchTo(TopMemoryContext);
}

/// False if not even that is possible.
bool note(const ErrorData &error) {
    if (error_of([&error] { state::failed(error); }) == nullptr)
        return true;
    recover();
    return false;
}

} // namespace
} // namespace bemi::worker

void bemi_worker_main(Datum database) {
    using namespace bemi;
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    const Oid bootstrap_superuser = InvalidOid;
    BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), bootstrap_superuser, 0);
    settings::fix();
    const ErrorData *error = worker::error_of(worker::live);
    if (error == nullptr)
        proc_exit(0);
    worker::recover();
    if (!worker::note(*error))
        process::pause(worker::blind_backoff_ms);
    // Another process tries again, after a while.
    (void)process::start_worker(MyDatabaseId);
    proc_exit(1);
}
