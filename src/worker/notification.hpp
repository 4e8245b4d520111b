// What the worker tells those who have called bemi.listen(). It never waits for that, and no error in it
// keeps the worker from storing.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker {

class Notification {
public:
    /// What the worker before this one has stored may not have been told.
    void open() { is_owed_ = true; }

    /// So many changes were stored, in a transaction that was committed.
    void add(uint64 changes);

    /// Whether there is something to tell.
    [[nodiscard]] bool is_owed() const { return is_owed_; }

    /// Nobody listens, or all have been told.
    void settle();

    /// Tells it, in a transaction of its own, unless others keep the queue of notifications from taking it:
    /// then it stays owed. Everything committed before `stored` is stored.
    void send(XLogRecPtr stored);

private:
    void fail(const ErrorData &error);

    bool is_owed_;
    uint64 changes_;
    TimestampTz not_before_; // after an error
};

} // namespace bemi::worker
