#include "worker/baseline.hpp"

#include "base/transaction.hpp"
#include "store/partitions.hpp"
#include "worker/fault.hpp"
#include "worker/process.hpp"

namespace bemi::worker {
namespace {

// After a table was found locked, and when requests have failed a moment ago.
constexpr int look_again_ms = 200;

void note_failure(int64 request, const ErrorData &error) {
    fault::report(error);
    in_owners_transaction([&] { baselines::fail(request, error); });
}

} // namespace

void Baseline::open() {
    chunk_.open();
}

void Baseline::look_again(int milliseconds) {
    look_again_at_ = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
}

bool Baseline::is_due(XLogRecPtr stored) const {
    if (state_ == State::read && stored < chunk_.needed())
        return false;
    const TimestampTz now = GetCurrentTimestamp();
    // A clock that was set back must not prolong the wait.
    return look_again_at_ != 0 &&
           (now >= look_again_at_ || TimestampDifferenceExceeds(now, look_again_at_, look_again_ms));
}

uint64 Baseline::work(XLogRecPtr stored) {
    MemoryContext memory = CurrentMemoryContext;
    uint64 rows = 0;
    const ErrorData *error = fault::error_of([&rows, this, stored] { rows = do_next(stored); });
    if (error == nullptr)
        return rows;
    AbortOutOfAnyTransaction();
    MemoryContextSwitchTo(memory);
    store::partitions::forget();
    chunk_.clear();
    if (process::is_terminated() || state_ == State::idle)
        ReThrowError(const_cast<ErrorData *>(error));
    state_ = State::idle;
    look_again(look_again_ms);
    note_failure(request_.id, *error);
    return 0;
}

uint64 Baseline::do_next(XLogRecPtr stored) {
    switch (state_) {
    case State::idle:
        choose();
        break;
    case State::chosen:
        read();
        break;
    case State::read:
        return store(stored);
    }
    return 0;
}

/// Requests take turns: one whose table is locked does not hold up the others.
void Baseline::choose() {
    bool is_found = false, any_left = false;
    look_again_at_ = 0;
    in_owners_transaction([&] { is_found = baselines::next(request_.id, request_, any_left); });
    if (is_found || any_left)
        look_again(is_found ? 0 : look_again_ms);
    if (is_found)
        state_ = State::chosen;
}

void Baseline::read() {
    using Outcome = BaselineChunk::Outcome;
    const Outcome outcome = chunk_.read(request_);
    if (outcome == Outcome::gone)
        in_owners_transaction(
            [this] { baselines::give_up(request_.id, "The table was dropped or is not tracked."); });
    look_again(outcome == Outcome::locked ? look_again_ms : 0);
    state_ = outcome == Outcome::done ? State::read : State::idle;
}

uint64 Baseline::store(XLogRecPtr stored) {
    using Outcome = BaselineChunk::Outcome;
    const int64 rows_before = request_.rows;
    const Outcome outcome = chunk_.store(request_, stored);
    look_again(outcome == Outcome::locked ? look_again_ms : 0);
    if (outcome == Outcome::locked)
        return 0;
    chunk_.clear();
    state_ = State::idle;
    return static_cast<uint64>(request_.rows - rows_before);
}

} // namespace bemi::worker
