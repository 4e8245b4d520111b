// bemi.gaps: stretches of the WAL whose changes are not stored and never will be. This file alone writes the
// table.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::gaps {

struct Gap {
    XLogRecPtr from;                   // everything committed before is stored
    XLogRecPtr to = InvalidXLogRecPtr; // everything committed from here on will be stored; invalid while that
                                       // is not known
    const char *reason;
    const char *role = nullptr; // the caller of bemi.stop() or bemi.start(); NULL for the worker
};

inline constexpr char slot_invalidated[] = "the slot was invalidated";

/// Records the gap in the caller's transaction, as the owner and connected to SPI. If this server has a gap
/// without an end, that one gets the end instead.
void note(const Gap &gap);

/// Records the gap in a transaction of its own.
void add(const Gap &gap);

/// Whether this server has a gap without an end.
[[nodiscard]] bool has_open();

/// Marks the gap as known to `role`; an ERROR if there is no gap with that id. As the owner, connected to
/// SPI.
void acknowledge(int64 id, const char *role);

} // namespace bemi::worker::gaps
