// The worker of a database: reads the changes of its tracked tables from the WAL and stores them.
#include "boundary.hpp"
#include "caches.hpp"
#include "claim.hpp"
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

/// That the process was told to end is no error.
bool is_end(const ErrorData &error) {
    return process::is_terminated() && error.sqlerrcode == ERRCODE_QUERY_CANCELED;
}

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
        ErrorData *found = CopyErrorData();
        if (!is_end(*found))
            EmitErrorReport();
        FlushErrorState();
        error = found;
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
    if (!process::is_terminated())
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
    /// Until there are other orders, which it returns.
    [[nodiscard]] state::Orders run(const state::Orders &orders);
    /// Stores what the slot still has, if that is not much; else it is a gap.
    void finish(const state::Orders &orders);

private:
    /// Runs `body`, which has transactions of its own, between decoding and decoding.
    template <typename Body> void in_the_present(Body &&body);
    bool is_wanted();
    void store();
    [[nodiscard]] bool keeps_much() const;
    void note_progress();
    void free_wal();
    void confirm();
    void confirm_if_due();
    void maintain_if_due();
    void note_health();
    void wait();

    state::Orders orders_;
    Stream stream_;
    Batch batch_;
    MemoryContext memory_; // reset after each round
    sink::Stored stored_;
    XLogRecPtr confirmed_;
    XLogRecPtr kept_from_;
    bool frees_wal_;
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

/// The orders; if they have this process leave, they are the last ones that it gets.
state::Orders last_orders() {
    state::Orders orders = state::orders();
    if (orders.wanted == state::Wanted::running)
        return orders;
    claim::close_orders();
    orders = state::orders();
    if (orders.wanted == state::Wanted::running)
        claim::open_orders();
    return orders;
}

void note_loss(XLogRecPtr from, const state::Orders &orders) {
    gaps::add({.from = from,
               .to = compat::flushed_wal(),
               .reason = "bemi.stop(drop_slot => true) was called before all was stored",
               .role = NameStr(orders.ordered_by)});
}

state::Orders Worker::run(const state::Orders &orders) {
    orders_ = orders;
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
    return orders_;
}

void Worker::finish(const state::Orders &orders) {
    const XLogRecPtr end = compat::flushed_wal();
    const XLogRecPtr near = end - std::min(end, static_cast<XLogRecPtr>(wal_segment_size));
    while (stream_.position() < end && std::max(stored_.progress, stream_.position()) >= near) {
        stream_.read(end);
        if (!batch_.empty())
            store();
    }
    if (stream_.position() < end)
        in_the_present([&] { note_loss(stored_.progress, orders); });
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
    if (has_successor_ || process::is_terminated()) {
        orders_.wanted = state::Wanted::paused;
        return false;
    }
    if (state::may_have_changed())
        in_the_present([this] { orders_ = last_orders(); });
    return orders_.wanted == state::Wanted::running && orders_.since <= confirmed_;
}

void Worker::store() {
    in_the_present([this] { stored_ = sink::store(batch_); });
    batch_.clear();
    note_health();
    (void)pgstat_report_stat(false);
}

/// Whether the server keeps WAL only because it was not told yet that it need not.
bool Worker::keeps_much() const {
    return stream_.position() >= slot::kept_from() + static_cast<XLogRecPtr>(wal_segment_size);
}

/// So that WAL without changes of ours is not kept either. Seldom: this writes WAL itself.
void Worker::note_progress() {
    const XLogRecPtr position = stream_.position();
    if (position <= stored_.progress || !keeps_much())
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

/// What the server keeps moves a step at a time: to what the last record of running transactions allowed that
/// was decoded before the confirmation. An idle server writes no such records.
void Worker::free_wal() {
    const XLogRecPtr kept_from = slot::kept_from();
    frees_wal_ = kept_from != kept_from_; // and the next step may be near
    kept_from_ = kept_from;
    if (keeps_much())
        (void)LogStandbySnapshot();
}

void Worker::confirm_if_due() {
    const bool has_stored = stored_.progress > confirmed_;
    if (!is_over(confirmed_at_, has_stored || frees_wal_ ? confirm_ms : idle_confirm_ms))
        return;
    note_progress();
    confirm();
    free_wal();
    (void)pgstat_report_stat(true);
}

void Worker::maintain_if_due() {
    if (!is_over(maintained_at_, maintain_ms))
        return;
    in_the_present([this] {
        has_successor_ = settings::have_changed() && process::start_worker(MyDatabaseId);
        if (has_successor_)
            return state::ran_well(); // nor is it to wait
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

constinit bool is_slot_new = false;

/// Makes the slot where there is none, or none that can be used.
void make_slot() {
    is_slot_new = true;
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

constexpr char slot_lost[] = "the slot was lost or dropped";

/// False if there is none to go on with, which is known only to who looks at the gap, and starts us again.
bool prepare_slot(const state::Orders &orders) {
    // What was tracked when a slot of a former extension was made, this one cannot know.
    if (slot::confirmed() < orders.since)
        slot::drop();
    const slot::State found = slot::state();
    if (found == slot::State::usable) {
        if (is_slot_new)
            begin_at_slot(slot::State::missing, slot_lost);
        else
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
    begin_at_slot(found, slot_lost);
    return true;
}

/// The orders once it is time to follow them. Who gives new ones waits for us in its commit, before it tells
/// others what has changed: so they are read anew each time.
state::Orders await_orders() {
    for (;;) {
        const state::Orders orders = last_orders();
        const long left = orders.wanted == state::Wanted::running ? backoff_ms(orders) : 0;
        if (left <= 0)
            return orders;
        pgstat_report_activity(STATE_RUNNING, "waiting before the next attempt");
        process::pause(std::min(left, poll_ms));
    }
}

/// Whether the slot is of this extension, not of one that was dropped.
bool is_slot_ours(const state::Orders &orders) {
    return slot::state() == slot::State::usable && !XLogRecPtrIsInvalid(orders.since) &&
           slot::confirmed() >= orders.since;
}

void drop_slot() {
    if (MyReplicationSlot != nullptr)
        ReplicationSlotRelease();
    slot::drop();
}

/// Stores what is still to be stored, unless that has failed already, and drops the slot.
void end(const state::Orders &orders) {
    const XLogRecPtr stored =
        XLogRecPtrIsInvalid(orders.since) ? InvalidXLogRecPtr : state::progress().position;
    if (is_slot_ours(orders) && orders.attempts == 0) {
        if (MyReplicationSlot == nullptr) {
            state::begin_attempt();
            worker.open();
        }
        worker.finish(orders);
    } else if (!XLogRecPtrIsInvalid(stored)) {
        note_loss(stored, orders);
    }
    drop_slot();
    state::forget_progress();
}

void decode_and_store(const state::Orders &orders) {
    state::begin_attempt();
    if (!prepare_slot(orders))
        return;
    worker.open();
    ereport(LOG, (errmsg("bemi stores the changes of database \"%s\"", process::database_name())));
    const state::Orders last = worker.run(orders);
    ereport(LOG, (errmsg("bemi stops storing the changes of database \"%s\"", process::database_name())));
    switch (last.wanted) {
    case state::Wanted::ended:
        return end(last);
    case state::Wanted::paused:
        return ReplicationSlotRelease();
    case state::Wanted::running: // as another extension
        drop_slot();
        (void)process::start_worker(MyDatabaseId);
    }
}

/// Whoever starts the worker waits for the slot in its commit, before it gives back what it has locked.
void make_slot_for_starter(XLogRecPtr since) {
    if (!XLogRecPtrIsInvalid(since) && slot::confirmed() < since)
        make_slot();
}

void live() {
    process::show_database();
    settings::note();
    const process::Start start = process::wait_for_starter();
    if (!claim::acquire(start.is_successor))
        return;
    make_slot_for_starter(start.slot_since);
    state::take_over();
    const state::Orders orders = await_orders();
    switch (orders.wanted) {
    case state::Wanted::ended:
        return end(orders);
    case state::Wanted::paused:
        return;
    case state::Wanted::running:
        break;
    }
    if (orders.crashes >= most_crashes)
        return state::give_up(ERRCODE_CRASH_SHUTDOWN, "the worker crashed too often");
    decode_and_store(orders);
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

/// That an order interrupted what it does not want any more is no error.
void note_error(const ErrorData &error) {
    const bool was_interrupted = error.sqlerrcode == ERRCODE_QUERY_CANCELED;
    if (!was_interrupted || state::orders().wanted == state::Wanted::running)
        state::failed(error);
}

/// Has another process try again, after a while.
void fail(const ErrorData &error) {
    const bool is_noted = error_of([&error] { note_error(error); }) == nullptr;
    if (!is_noted) {
        recover();
        claim::release(); // there may be another extension by now
        process::pause(blind_backoff_ms);
    }
    (void)process::start_worker(MyDatabaseId);
}

void end_process(const ErrorData *error) {
    if (error != nullptr)
        recover();
    if (process::is_terminated()) {
        ereport(LOG, (errmsg("terminating bemi worker due to administrator command")));
        (void)error_of(state::terminated);
    } else if (error != nullptr)
        fail(*error);
    proc_exit(error == nullptr ? 0 : 1);
}

} // namespace
} // namespace bemi::worker

void bemi_worker_main(Datum database) {
    using namespace bemi;
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    process::end_on_sigterm();
    BackgroundWorkerUnblockSignals();
    const Oid bootstrap_superuser = InvalidOid;
    BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), bootstrap_superuser, 0);
    settings::fix();
    worker::end_process(worker::error_of(worker::live));
}
