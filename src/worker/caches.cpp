#include "worker/caches.hpp"

namespace bemi::caches {
namespace {

// Whoever changes a catalog tells all processes after the commit. As long as no such message arrives, the
// catalogs of now are those of the position where the last one did, and so they are for history behind it.
constinit XLogRecPtr last_change = InvalidXLogRecPtr;
constinit uint64 messages_then = UINT64_MAX;
constinit bool differed = true;

/// Whether messages have arrived since the last change of the era.
bool have_arrived() {
    if (SharedInvalidMessageCounter == messages_then)
        return false;
    messages_then = SharedInvalidMessageCounter;
    last_change = GetXLogInsertRecPtr();
    return true;
}

} // namespace

void switch_snapshot(XLogRecPtr decoded_up_to) {
    // With messages, the era that ends may have read catalogs both of before and of after the change.
    const bool changed = have_arrived();
    const bool differs = decoded_up_to < last_change;
    // Once more when they begin to be the same, for what was read before.
    if (changed || differs || differed)
        InvalidateSystemCaches();
    differed = differs;
}

} // namespace bemi::caches
