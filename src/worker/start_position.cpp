#include "worker/start_position.hpp"

#include "store/progress.hpp"
#include "worker/gaps.hpp"
#include "worker/process.hpp"
#include "worker/shared.hpp"
#include "worker/slot.hpp"
#include "worker/wal.hpp"
#include "worker/wal_search.hpp"

namespace bemi::worker::start_position {
namespace {

constinit bool is_slot_new = false;
constinit TimestampTz slot_made_at = 0;

/// Everything that is committed later is behind the start of the slot.
TimestampTz time_of_start() {
    return is_slot_new ? slot_made_at : GetCurrentTimestamp();
}

/// Begins at `start`, because bemi.progress is a position of some other WAL: which changes of this WAL are
/// stored is not known. The changes that were committed before `known` are.
void begin_anew(XLogRecPtr known, XLogRecPtr start) {
    gaps::add({.from = known,
               .to = start,
               .reason = "the position up to which changes were stored is not in this WAL"});
    store::progress::begin({start, time_of_start()});
}

/// Begins where the slot does. Changes before that which are not stored are lost: the slot is a new one, it
/// was advanced by hand, or this is a promoted standby that has the slot but not the last rows.
void begin_at_slot(slot::State before, const char *reason) {
    const store::progress::Progress stored = store::progress::read();
    const XLogRecPtr from = stored.position, start = slot::confirmed();
    if (XLogRecPtrIsInvalid(from))
        return store::progress::begin({start, time_of_start()});
    if (!wal::has_written(from, stored.timeline))
        return before == slot::State::usable ? begin_anew(start, compat::flushed_wal())
                                             : begin_anew(InvalidXLogRecPtr, start);
    if (from >= start)
        return;
    if (gaps::has_open() || wal::may_have_changes(from, start))
        gaps::add({.from = from, .to = start, .reason = reason});
    store::progress::begin({start, time_of_start()});
}

constexpr char slot_lost[] = "the slot was lost or dropped";

bool is_of_former_extension(XLogRecPtr since) {
    return slot::confirmed() < since;
}

} // namespace

void make_slot() {
    is_slot_new = true;
    slot::drop();
    pgstat_report_activity(STATE_RUNNING, "waiting for the transactions that are running, to make the slot");
    slot_made_at = slot::create();
    shared::forget();
    ereport(LOG, (errmsg("bemi made the replication slot of database \"%s\"", process::database_name())));
}

bool is_slot_ours(const state::Desired &desired) {
    return slot::state() == slot::State::usable && !XLogRecPtrIsInvalid(desired.since) &&
           !is_of_former_extension(desired.since);
}

bool prepare(const state::Desired &desired) {
    if (is_of_former_extension(desired.since))
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
        gaps::add({.from = store::progress::read().position, .reason = gaps::slot_invalidated});
        state::pause_on_failure(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                                "the replication slot was invalidated; see bemi.gaps");
        return false;
    }
    make_slot();
    begin_at_slot(found, slot_lost);
    return true;
}

} // namespace bemi::worker::start_position
