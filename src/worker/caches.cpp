#include "caches.hpp"

namespace bemi::caches {
namespace {

// Whoever changes a catalog tells all processes after the commit. As long as no such message arrives, the
// catalogs of now are those of the position where the last one did, and so they are for history behind it.
constinit XLogRecPtr last_change = InvalidXLogRecPtr;
constinit uint64 messages_then = UINT64_MAX;
constinit bool differed = true;

void note_messages() {
    if (SharedInvalidMessageCounter == messages_then)
        return;
    messages_then = SharedInvalidMessageCounter;
    last_change = GetXLogInsertRecPtr();
}

} // namespace

void change_era(XLogRecPtr decoded_up_to) {
    note_messages();
    const bool differs = decoded_up_to < last_change;
    // Once more when they begin to be the same, for what was read before.
    if (differs || differed)
        InvalidateSystemCaches();
    differed = differs;
}

} // namespace bemi::caches
