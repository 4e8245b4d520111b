#include "decode/timeline.hpp"

namespace bemi::decode {
namespace {

// Of the timeline that this server is on, which changes when a standby is promoted or its primary was. It is
// in a file, and so it is not read for each transaction.
constinit TimeLineID known = 0;
constinit List *history = NIL;

/// The newest first; they cover all positions.
List *current_history() {
    const TimeLineID current = compat::current_timeline();
    if (current == known)
        return history;
    MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
    List *read = readTimeLineHistory(current);
    MemoryContextSwitchTo(caller);
    list_free_deep(history);
    history = read;
    known = current;
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
