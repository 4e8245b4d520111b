#include "worker/caches.hpp"

namespace bemi::worker::caches {
namespace {

// A transaction that changes a catalog sends invalidation messages after its commit. As long as none arrives,
// the catalogs of now equal those at the WAL position where the last message arrived, and at every later
// position.
constinit XLogRecPtr last_change = InvalidXLogRecPtr;
constinit uint64 messages_then = UINT64_MAX;
constinit bool differed = true;

/// Whether invalidation messages have arrived since the last call, which remembers how many there were.
bool take_messages() {
    if (SharedInvalidMessageCounter == messages_then)
        return false;
    messages_then = SharedInvalidMessageCounter;
    last_change = GetXLogInsertRecPtr();
    return true;
}

} // namespace

void switch_snapshot(XLogRecPtr decoded_up_to) {
    // If messages have arrived, the caches may hold catalog rows of both before and after the change.
    const bool changed = take_messages();
    const bool differs = decoded_up_to < last_change;
    // `differed`: the caches still hold rows of the historic snapshot, from before the catalogs became equal.
    if (changed || differs || differed)
        InvalidateSystemCaches();
    differed = differs;
}

} // namespace bemi::worker::caches
