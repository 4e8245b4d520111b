// bemi.gaps: stretches of the WAL whose changes are not stored, and never will be.
#pragma once

#include "base/compat.hpp"

namespace bemi::gaps {

struct Gap {
    XLogRecPtr from;                   // what was committed before is stored
    XLogRecPtr to = InvalidXLogRecPtr; // what is committed from there on will be; invalid while nobody knows
    const char *reason;
    const char *role = nullptr; // the caller of bemi.stop() or bemi.start(); NULL for the worker
};

inline constexpr char slot_invalidated[] = "the slot was invalidated";

/// Writes the gap down, in the caller's transaction, as the owner and connected to SPI. If this server has a
/// gap without an end, that is the one, and gets its end.
void note(const Gap &gap);

/// The same in a transaction of its own.
void add(const Gap &gap);

/// Whether this server has a gap without an end.
[[nodiscard]] bool has_open();

/// Marks the gap as known; an ERROR if there is none with that id. As the owner and connected to SPI.
void acknowledge(int64 id, const char *role);

} // namespace bemi::gaps
