#include "decode/timeline.hpp"

namespace bemi::decode {
namespace {

// The history of the current timeline, which changes when a standby, or the primary that it follows, is
// promoted. It is cached, because it would have to be read from a file for each transaction.
constinit TimeLineID cached = 0;
constinit List *history = NIL;

/// The timelines from the newest to the oldest. Together they cover all positions.
List *current_history() {
    const TimeLineID current = compat::current_timeline();
    if (current == cached)
        return history;
    MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
    List *read = readTimeLineHistory(current);
    MemoryContextSwitchTo(caller);
    list_free_deep(history);
    history = read;
    cached = current;
    return history;
}

} // namespace

Timeline timeline_of(XLogRecPtr position) {
    const List *timelines = current_history();
    for (int i = 0; i < list_length(timelines); i++) {
        const auto *timeline = static_cast<const TimeLineHistoryEntry *>(list_nth(timelines, i));
        if (position > timeline->begin || XLogRecPtrIsInvalid(timeline->begin))
            return {timeline->tli, timeline->begin};
    }
    pg_unreachable();
}

} // namespace bemi::decode
