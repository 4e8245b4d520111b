// The replication slot of a database, bemi_<oid>. It keeps the WAL until the changes in it are stored.
#pragma once

#include "base/compat.hpp"

#include <span>

namespace bemi::worker::slot {

enum class State : uint8_t { missing, usable, invalidated };

/// The state of this database's slot. A slot whose WAL is gone counts as invalidated: pg_resetwal and people
/// remove WAL without telling PostgreSQL.
[[nodiscard]] State state();

/// The confirmed_flush position of this database's slot; at first where the slot starts. Invalid without a
/// slot.
[[nodiscard]] XLogRecPtr confirmed();

/// Whether the slot of this database is complete and starts behind `since`, so that no later change is
/// missed.
[[nodiscard]] bool is_ready(XLogRecPtr since);

/// Makes the slot of this database. Waits for all transactions that are running. Call outside of
/// transactions. Returns a time from before the slot can be seen: all transactions with a later time of
/// commit were committed behind the position where the slot starts.
TimestampTz create();

/// Drops the slot of this database if it exists; an ERROR if another process has it acquired.
void drop();

/// Acquires the slot of this database for this process; an ERROR if that is not possible.
void acquire();

/// The index of this database's slot among those of the server; -1 if there is none.
[[nodiscard]] int index();

/// Tells the server that everything before `position` is stored, so that it need not keep the WAL. The slot
/// must be acquired.
void confirm(XLogRecPtr position);

/// From which position on the server keeps WAL for the slot, which must be acquired.
[[nodiscard]] XLogRecPtr kept_from();

/// The pid of the process that has acquired the slot of this database; 0 if there is none.
[[nodiscard]] int owner();

inline constexpr size_t max_databases = 1024;

/// Finds the databases that have a slot of bemi's; returns how many there are in `found`.
[[nodiscard]] size_t databases(std::span<Oid, max_databases> found);

} // namespace bemi::worker::slot
