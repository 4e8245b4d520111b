// Errors of the worker that it survives: in the server log and in bemi.worker, unless somebody has asked for
// what caused them.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::fault {

/// Runs `body`. Returns the error that it raised, in the current memory context; NULL if it raised none. The
/// error is still to be reported, and the transaction that it broke off to be aborted.
template <typename Body> [[nodiscard]] const ErrorData *error_of(Body &&body) {
    MemoryContext memory = CurrentMemoryContext;
    const ErrorData *volatile error = nullptr;
    PG_TRY();
    { body(); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(memory);
        error = CopyErrorData();
        FlushErrorState();
    }
    PG_END_TRY();
    return error;
}

/// Reports the error in the server log, unless it is the end of what SIGTERM has interrupted.
void report(const ErrorData &error);

/// Reports the error and records it in bemi.worker. Not if it is a consequence of bemi.stop() or of DROP
/// EXTENSION. False if there is nothing to record it in, because the extension is no longer the one for which
/// the worker began its attempt.
[[nodiscard]] bool note(const ErrorData &error);

} // namespace bemi::worker::fault
