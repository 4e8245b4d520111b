// Stores the rows of a baseline in bemi.changes.
#pragma once

#include "store/batch.hpp"

namespace bemi::store::baseline_rows {

/// From where on all changes of a table are known: since it is tracked, or since the last gap.
struct Since {
    int64 position; // 0: they are not known
    TimestampTz time;
};

/// As the owner, connected to SPI.
[[nodiscard]] Since known_since(Oid relation);

/// A part of a table's rows: they were there at a place in the order of changes.
struct Part {
    Batch *rows;
    Oid relation;
    Since since;
    XLogRecPtr commit_position; // between those of changes
    uint64 first_sequence;
    TimestampTz at;
};

/// The snapshot in which the rows of a table without a key were read, as text.
struct Snapshot {
    const char *text;
    int64 xmin;
};

/// Stores those rows of whose key no change is stored, and returns how many. As the owner, connected to SPI.
[[nodiscard]] int64 store(const Part &part);

/// The place of all the rows of a table without a key: the changes that the snapshot shows are before it, all
/// others after it. Invalid if there is no such place, because transactions did not become visible in the
/// order of their commits. `end` is behind all that is stored. As the owner, connected to SPI.
[[nodiscard]] XLogRecPtr place_of(const char *schema, const char *table, const Snapshot &snapshot,
                                  XLogRecPtr end);

/// The place behind all that is stored, and before what is not. No commit record is at it, since those are
/// aligned.
[[nodiscard]] inline XLogRecPtr place_before(XLogRecPtr end) {
    return end - 1;
}

} // namespace bemi::store::baseline_rows
