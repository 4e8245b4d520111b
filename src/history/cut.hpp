// Where a moment cuts the history: each change is before the cut or after it.
#pragma once

#include "base/compat.hpp"

namespace bemi::history {

/// A place in the order of the changes: a position in the WAL, and a number within the transaction.
struct Place {
    int64 position;
    int64 sequence;

    [[nodiscard]] bool operator<(const Place &other) const {
        return position != other.position ? position < other.position : sequence < other.sequence;
    }
};

inline constexpr Place begin_of_time{PG_INT64_MIN, PG_INT64_MIN};
inline constexpr Place end_of_time{PG_INT64_MAX, PG_INT64_MAX};

struct Cut {
    bool by_time;
    TimestampTz at;    // if by_time: the latest time of commit before the cut
    Place last;        // else: the last place before the cut
    TimestampTz since; // changes after the cut were committed then or later

    [[nodiscard]] bool is_after(TimestampTz committed_at, Place place) const {
        return by_time ? committed_at > at : last < place;
    }
};

/// The arguments at, lsn, transaction, change and mark of a function.
struct Moment {
    static constexpr int arguments = 5;
    Datum values[arguments];
    bool nulls[arguments];

    /// Whether the moment can only be found once all changes are stored.
    [[nodiscard]] bool needs_history() const { return !nulls[2] || !nulls[3]; }
};

/// ERROR unless one moment is given, which is not in the future. Call it between SPI_connect() and
/// SPI_finish().
[[nodiscard]] Cut cut_of(const Moment &moment);

} // namespace bemi::history
