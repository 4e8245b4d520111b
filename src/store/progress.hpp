// bemi.progress: up to which position of the WAL all changes of this server and database are stored, and how
// much of the transaction that is stored in parts.
#pragma once

#include "base/compat.hpp"

#include <algorithm>

namespace bemi::store::progress {

/// The changes up to `sequence` of the transaction that was committed at `commit_position`.
struct Part {
    XLogRecPtr commit_position; // invalid: of none
    uint64 sequence;
};

/// All that was committed before `position` is stored, and a part of what was committed then.
struct Progress {
    XLogRecPtr position; // invalid before the first start
    TimeLineID timeline; // of the WAL at that position
    Part part;
};

/// As the owner, connected to SPI.
[[nodiscard]] Progress find();
/// In a transaction of its own.
[[nodiscard]] Progress read();

/// From where on all changes are stored, but for those of which bemi.gaps or bemi.errors tells.
struct Start {
    XLogRecPtr position;
    TimestampTz time; // what was committed later was committed after that position
};

/// As the owner, connected to SPI.
[[nodiscard]] Start start();

/// Begins at this position; in a transaction of its own.
void begin(const Start &start);

/// Moves on where no change was stored; in a transaction of its own.
void set(XLogRecPtr position);

/// The times of the commits in a batch, in the order of their positions. It is not the order of the times.
class CommitTimes {
public:
    void add(TimestampTz time) {
        latest_ = std::max(latest_, time);
        earliest_ = std::min(earliest_, time);
        max_skew_ = std::max(max_skew_, latest_ - time);
        last_ = time;
    }

    [[nodiscard]] bool empty() const { return latest_ == DT_NOBEGIN; }
    [[nodiscard]] TimestampTz last() const { return last_; }
    [[nodiscard]] TimestampTz latest() const { return latest_; }
    [[nodiscard]] TimestampTz earliest() const { return earliest_; }
    /// By how many microseconds a time was before an earlier one at most.
    [[nodiscard]] int64 max_skew() const { return max_skew_; }

private:
    TimestampTz last_ = 0;
    TimestampTz latest_ = DT_NOBEGIN;
    TimestampTz earliest_ = DT_NOEND;
    int64 max_skew_ = 0;
};

/// The same, in the current transaction. As the owner, connected to SPI.
void move(XLogRecPtr position);

/// Moves on with the changes that the current transaction has stored, with those that were missing, to
/// `position`, or within a transaction: the position is invalid then if it stays. As the owner, connected to
/// SPI.
void advance(XLogRecPtr position, const Part &part, uint64 changes, const CommitTimes &commits);

/// In a transaction of its own; does nothing where the extension is gone.
void forget();

} // namespace bemi::store::progress
