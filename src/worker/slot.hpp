// The replication slot of a database, bemi_<oid>: what holds the WAL until its changes are stored.
#pragma once

#include "base/compat.hpp"

#include <span>

namespace bemi::slot {

enum class State : uint8_t { missing, usable, invalidated };

/// Of the slot of this database. One whose WAL is gone is as good as invalidated, though PostgreSQL does not
/// know of what pg_resetwal or a person has done.
[[nodiscard]] State state();

/// Up to where the slot of this database was told that all is stored; where it starts if never.
[[nodiscard]] XLogRecPtr confirmed();

/// Whether the slot of this database is made, behind that position, so that no change from now on is missed.
[[nodiscard]] bool is_ready(XLogRecPtr since);

/// Makes the slot of this database, which waits for the transactions that are running; outside of
/// transactions.
void create();

/// Drops the slot of this database if it is there and nobody else has it.
void drop();

void acquire();

/// Which of the server's slots is that of this database, -1 if none is.
[[nodiscard]] int index();

/// Tells the server that all before `position` is stored, so that it need not keep the WAL. The slot is
/// acquired.
void confirm(XLogRecPtr position);

/// From where on the server keeps the WAL for the slot, which is acquired.
[[nodiscard]] XLogRecPtr kept_from();

/// The process that has the slot of this database acquired, 0 if none.
[[nodiscard]] int owner();

inline constexpr size_t max_databases = 1024;

/// The databases that have a slot of ours; returns how many.
[[nodiscard]] size_t databases(std::span<Oid, max_databases> found);

} // namespace bemi::slot
