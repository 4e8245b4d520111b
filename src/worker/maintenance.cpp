#include "worker/maintenance.hpp"

#include "store/partitions.hpp"
#include "worker/erased_room.hpp"
#include "worker/fault.hpp"
#include "worker/process.hpp"
#include "worker/retention.hpp"
#include "worker/table_retention.hpp"

namespace bemi::worker::maintenance {
namespace {

template <typename Body> void attempt(Body &&body) {
    MemoryContext memory = CurrentMemoryContext;
    const ErrorData *error = fault::error_of(body);
    if (error == nullptr)
        return;
    AbortOutOfAnyTransaction();
    MemoryContextSwitchTo(memory);
    store::partitions::forget();
    if (!process::is_terminated())
        (void)fault::note(*error);
}

void drop_expired_partitions() {
    List *expired = retention::expired();
    for (int i = 0; i < list_length(expired); i++)
        attempt([partition = list_nth_oid(expired, i)] { retention::drop(partition); });
}

} // namespace

void run() {
    attempt(store::partitions::make_ahead);
    attempt(drop_expired_partitions);
    attempt(table_retention::run);
    attempt(erased_room::vacuum);
}

} // namespace bemi::worker::maintenance
