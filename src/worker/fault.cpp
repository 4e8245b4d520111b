#include "worker/fault.hpp"

#include "worker/process.hpp"
#include "worker/state.hpp"

namespace bemi::worker::fault {
namespace {

bool is_interruption(const ErrorData &error) {
    return error.sqlerrcode == ERRCODE_QUERY_CANCELED;
}

/// The desired state now. If it cannot be read, that error is reported too, and raised.
state::Desired desired_after(const ErrorData &error) {
    state::Desired desired{};
    if (const ErrorData *second = error_of([&desired] { desired = state::desired(); })) {
        report(error);
        ReThrowError(const_cast<ErrorData *>(second));
    }
    return desired;
}

} // namespace

void report(const ErrorData &error) {
    if (process::is_terminated() && is_interruption(error))
        return;
    PG_TRY();
    { ThrowErrorData(const_cast<ErrorData *>(&error)); }
    PG_CATCH();
    {
        EmitErrorReport();
        FlushErrorState();
    }
    PG_END_TRY();
}

bool note(const ErrorData &error) {
    const state::Desired desired = desired_after(error);
    const bool is_gone = state::is_other_extension(desired);
    const bool is_stopped = is_interruption(error) && desired.state != state::DesiredState::running;
    if (is_gone || is_stopped) {
        process::log_end();
        return !is_gone;
    }
    report(error);
    state::failed(error);
    return true;
}

} // namespace bemi::worker::fault
