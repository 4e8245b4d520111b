#include "worker/storing.hpp"

#include "base/memory.hpp"
#include "store/progress.hpp"
#include "worker/caches.hpp"
#include "worker/gaps.hpp"
#include "worker/listeners.hpp"
#include "worker/maintenance.hpp"
#include "worker/process.hpp"
#include "worker/settings.hpp"
#include "worker/shared.hpp"
#include "worker/slot.hpp"

#include <algorithm>

namespace bemi::worker {
namespace {

// Sessions without the library do not wake the worker when they commit, so it looks by itself.
constexpr long poll_ms = 500;
// A commit with synchronous_commit = off wakes the worker before its WAL is on disk.
constexpr long flush_poll_ms = 10;
constexpr int flush_polls = 40;
// How often the slot is confirmed, which writes to disk.
constexpr int confirm_ms = 1000, idle_confirm_ms = 10 * 1000;
// How often partitions are created ahead of time and expired ones dropped.
constexpr int maintain_ms = 60 * 1000;
// How long a worker keeps its process while other databases wait for one.
constexpr int turn_ms = 5 * 1000;

/// Whether `milliseconds` have passed since `since`, which is set to now if so. A clock that was set back
/// counts as passed, because the true interval is not known.
bool restart_if_over(TimestampTz &since, int milliseconds) {
    const TimestampTz now = GetCurrentTimestamp();
    if (since <= now && !TimestampDifferenceExceeds(since, now, milliseconds))
        return false;
    since = now;
    return true;
}

} // namespace

void Storing::open() {
    batch_.open();
    baseline_.open();
    notification_.open();
    const store::progress::Progress stored = store::progress::read();
    decoder_.open(stored, batch_);
    // The messages of look_at_all() may be all that there is to read. They count as unread until they are
    // stored.
    shared::open(stored.position - 1);
    stored_.progress = stored.position;
    confirmed_ = MyReplicationSlot->data.confirmed_flush;
    turn_begun_at_ = GetCurrentTimestamp();
    memory_ = AllocSetContextCreate(TopMemoryContext, "bemi worker", ALLOCSET_DEFAULT_SIZES);
}

void note_unstored(XLogRecPtr from, const state::Desired &desired) {
    gaps::add({.from = from,
               .to = compat::flushed_wal(),
               .reason = "bemi.stop(drop_slot => true) was called before all was stored",
               .role = NameStr(desired.requested_by)});
}

state::Desired Storing::run(const state::Desired &desired) {
    desired_ = desired;
    MemoryContextSwitchTo(memory_);
    while (is_wanted()) {
        decoder_.read(compat::flushed_wal());
        if (!batch_.empty() && !store())
            break;
        shared::end_batch(decoder_.position());
        maintain_if_due();
        work_on_baselines();
        notify_listeners();
        confirm_if_due();
        if (decoder_.position() >= compat::flushed_wal()) {
            note_health();
            if (!baseline_.is_due(decoder_.position()))
                wait();
            is_turn_over_ = shared::has_waiting_databases() && restart_if_over(turn_begun_at_, turn_ms);
        }
        MemoryContextReset(memory_);
    }
    confirm();
    return desired_;
}

void Storing::finish(const state::Desired &desired) {
    const XLogRecPtr end = compat::flushed_wal();
    // After a start, reading begins before the stored position.
    const uint64 unread = shared::unread_after(std::max(stored_.progress, decoder_.position()));
    bool is_all_stored = unread <= static_cast<uint64>(wal_segment_size);
    while (is_all_stored && decoder_.position() < end) {
        decoder_.read(end);
        is_all_stored = batch_.empty() || store();
    }
    notify_listeners();
    if (!is_all_stored || decoder_.position() < end)
        in_the_present([&] { note_unstored(stored_.progress, desired); });
}

template <typename Body> void Storing::in_the_present(Body &&body) {
    const uint64 bytes = pgWalUsage.wal_bytes;
    const XLogRecPtr from = GetXLogInsertRecPtr();
    caches::switch_snapshot(decoder_.position());
    body();
    shared::wrote_wal(from, GetXLogInsertRecPtr(), pgWalUsage.wal_bytes - bytes);
    caches::switch_snapshot(decoder_.position());
}

bool Storing::is_wanted() {
    CHECK_FOR_INTERRUPTS();
    if (ConfigReloadPending) {
        ConfigReloadPending = false;
        ProcessConfigFile(PGC_SIGHUP);
        maintained_at_ = 0;
    }
    if (has_successor_ || is_turn_over_ || process::is_terminated()) {
        desired_.state = state::DesiredState::paused;
        return false;
    }
    if (state::may_have_changed())
        in_the_present([this] { desired_ = state::last_desired(); });
    return desired_.state == state::DesiredState::running && desired_.since <= confirmed_;
}

/// Stores the batch; false if it is broken off after a part, because this process is to leave.
bool Storing::store() {
    shared::begin_storing();
    store::sink::Parts parts{batch_, shared::add_stored};
    while (!parts.at_end()) {
        if (!parts.at_begin() && !is_rest_wanted())
            return false;
        in_the_present([&] { note(parts.store_next()); });
        notify_listeners();
        note_health();
    }
    batch_.clear();
    (void)pgstat_report_stat(false);
    return true;
}

void Storing::note(const store::sink::Stored &part) {
    stored_ = {
        .progress = std::max(stored_.progress, part.progress), .end = part.end, .changes = part.changes};
    notification_.add(part.changes);
}

/// Between two parts. When the slot is to be dropped, nobody else can store the rest.
bool Storing::is_rest_wanted() {
    const bool is_requested = !XLogRecPtrIsInvalid(desired_.since);
    return is_wanted() || (is_requested && desired_.state == state::DesiredState::stopped);
}

/// Whether the slot keeps a segment or more of WAL that is read already.
bool Storing::keeps_much() const {
    return decoder_.position() >= slot::kept_from() + static_cast<XLogRecPtr>(wal_segment_size);
}

/// Lets the server remove WAL that has no changes of tracked tables. Rarely: this writes WAL itself.
void Storing::note_progress() {
    const XLogRecPtr position = decoder_.position();
    if (position <= stored_.progress || !keeps_much())
        return;
    in_the_present([position] { store::progress::set(position); });
    stored_ = {.progress = position, .end = XactLastCommitEnd, .changes = 0};
}

/// Confirms the position in bemi.progress and never more: a slot that is ahead of bemi.progress means a gap.
void Storing::confirm() {
    if (stored_.progress <= confirmed_)
        return;
    // Changes before the confirmed position are never decoded again, so the commit must be on disk.
    XLogFlush(stored_.end);
    confirmed_ = stored_.progress;
    slot::confirm(confirmed_);
}

/// restart_lsn moves one step per confirmation: to what the last xl_running_xacts record decoded before it
/// allowed. An idle server writes no such records, so this does.
void Storing::free_wal() {
    const XLogRecPtr kept_from = slot::kept_from();
    frees_wal_ = kept_from != kept_from_; // then the next step may follow soon
    kept_from_ = kept_from;
    if (keeps_much())
        (void)LogStandbySnapshot();
}

void Storing::confirm_if_due() {
    const bool has_stored = stored_.progress > confirmed_;
    if (!restart_if_over(confirmed_at_, has_stored || frees_wal_ ? confirm_ms : idle_confirm_ms))
        return;
    note_progress();
    confirm();
    free_wal();
    (void)pgstat_report_stat(true);
}

void Storing::maintain_if_due() {
    if (!restart_if_over(maintained_at_, maintain_ms))
        return;
    in_the_present([this] {
        has_successor_ =
            (settings::have_changed() || decoder_.has_large_buffer()) && process::start_worker(MyDatabaseId);
        if (has_successor_)
            return state::ran_well(); // the successor must not wait as after a failure
        maintenance::run();
    });
}

void Storing::work_on_baselines() {
    const XLogRecPtr stored = decoder_.position();
    if (baseline_.is_due(stored) || baseline_.may_be_wanted())
        in_the_present([this, stored] { notification_.add(baseline_.work(stored)); });
}

/// After the commit of what was stored: who begins to listen later sees it.
void Storing::notify_listeners() {
    if (!notification_.is_owed())
        return;
    if (listeners::exist())
        in_the_present([this] { notification_.send(stored_.progress); });
    else
        notification_.settle();
}

/// The worker runs well once it has stored something, or has found nothing to store.
void Storing::note_health() {
    if (!ran_well_)
        in_the_present(state::ran_well);
    ran_well_ = true;
    gives_up_for_memory = false; // what is short of memory from now on is tried again first
}

void Storing::wait() {
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

} // namespace bemi::worker
