// bemi.worker: what the worker of this database is to do, and how it has fared. This file alone writes the
// table.
#pragma once

#include "base/spi.hpp"

namespace bemi::worker::state {

enum class DesiredState : uint8_t { stopped, paused, running };

struct Desired {
    DesiredState state;
    int attempts; // since the worker last ran well
    TimestampTz attempted_at;
    bool lacks_memory;     // whether the last attempt failed for lack of memory
    int crashes;           // how many of the last attempts in a row ended without an error message
    XLogRecPtr since;      // the first request of this extension; invalid if there was none
    NameData requested_by; // the role that last called bemi.start() or bemi.stop()
};

/// Makes the rows of another server this one's, unless this one has its own: pg_upgrade or
/// pg_createsubscriber has made this server of the other. In a transaction of its own.
void take_over();
/// Does so in the caller's transaction, as the owner and connected to SPI.
void take_over_rows();

/// Where there is no extension, the desired state is stopped.
[[nodiscard]] Desired desired();

/// The same. If the state makes this process leave, no later request is meant for it: from then on
/// bemi.start() and bemi.stop() wait for its end.
[[nodiscard]] Desired last_desired();

/// Whether the desired state may have changed since desired() was called.
[[nodiscard]] bool may_have_changed();

struct Request {
    XLogRecPtr since; // the first request for this database since the extension was created
    bool is_first;    // whether that is this one
};

/// Writes the desired state, `running`, `paused` or `stopped`, in the caller's transaction; the worker learns
/// of it at the commit.
Request request(const char *state, const char *role);

/// Sets columns of the row: `change` is what follows SET, `condition` what follows the WHERE clause of the
/// row. As the owner, connected to SPI.
void update(const char *change, std::initializer_list<spi::Argument> arguments, const char *condition = "");

/// Counts an attempt to store. Durable before it returns: the attempt may end in a crash.
void begin_attempt(const Desired &desired);
/// Whether `desired` belongs to another extension than the last attempt: that one was dropped, and perhaps
/// created anew. False before the first attempt of this process.
[[nodiscard]] bool is_other_extension(const Desired &desired);
/// The attempt succeeded: the counts begin anew.
void ran_well();
/// The attempt failed; bemi.status and doctor show the error.
void failed(const ErrorData &error);
/// The attempt ends because the process was told to, so it does not count. Waits for a lock for a second at
/// most.
void terminated();
/// Pauses the worker for a reason that it cannot mend itself.
void pause_on_failure(int sqlstate, const char *reason);

} // namespace bemi::worker::state
