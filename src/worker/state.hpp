// What is written in the database about its worker: bemi.worker says what it is to do and how it fared,
// bemi.progress how far it came. Each function has a transaction of its own.
#pragma once

#include "compat.hpp"

namespace bemi::state {

enum class Wanted : uint8_t { ended, paused, running };

struct Orders {
    Wanted wanted;
    int attempts; // since it last ran well
    TimestampTz attempted_at;
    int crashes;         // the last attempts, as far as they ended without a word
    XLogRecPtr since;    // the first orders of this extension; invalid if there are none
    NameData ordered_by; // who gave them
};

/// The WHERE clause for the rows of bemi.worker and bemi.progress that are those of this server and database:
/// a copy of either has the original's as well.
[[nodiscard]] const char *own_row();

/// Makes the rows of another server this one's, unless it has its own: this server is what became of that
/// one, by pg_upgrade or pg_createsubscriber.
void take_over();
/// The same in the transaction of the caller, as the owner and connected to SPI.
void take_over_rows();

/// Where there is no extension, nothing is wanted.
[[nodiscard]] Orders orders();

/// Whether somebody may have changed the orders since orders() was called.
[[nodiscard]] bool may_have_changed();

/// Durable before it returns: the attempt may end in a crash.
void begin_attempt();
void ran_well();
void failed(const ErrorData &error);
/// The attempt ends because somebody wants it to. Waits for nobody, at least not for long.
void terminated();
/// Pauses the worker for a reason that it cannot mend.
void give_up(int sqlstate, const char *reason);

/// All that was committed before `position` is stored.
struct Progress {
    XLogRecPtr position; // invalid before the first start
    TimeLineID timeline;
};
[[nodiscard]] Progress progress();
/// Writes that, where no change did.
void set_progress(XLogRecPtr position);
/// Where there is no extension any more, there is nothing to forget.
void forget_progress();

} // namespace bemi::state
