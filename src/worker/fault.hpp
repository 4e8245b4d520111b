// Errors of the worker that it survives.
#pragma once

#include "worker/process.hpp"

namespace bemi::worker::fault {

/// Being terminated is not a failure: it is not reported as an error.
inline bool is_termination(const ErrorData &error) {
    return process::is_terminated() && error.sqlerrcode == ERRCODE_QUERY_CANCELED;
}

/// Runs `body`. Returns the error that it raised, which is in the server log by then, in the current memory
/// context; NULL if it raised none. The transaction that the error broke off is still to be aborted.
template <typename Body> const ErrorData *error_of(Body &&body) {
    MemoryContext memory = CurrentMemoryContext;
    const ErrorData *volatile error = nullptr;
    PG_TRY();
    { body(); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(memory);
        ErrorData *found = CopyErrorData();
        if (!is_termination(*found))
            EmitErrorReport();
        FlushErrorState();
        error = found;
    }
    PG_END_TRY();
    return error;
}

} // namespace bemi::worker::fault
