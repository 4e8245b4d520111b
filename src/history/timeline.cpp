#include "history/timeline.hpp"

#include <algorithm>

namespace bemi::history {

void Timeline::add(std::string_view text, Place place, TimestampTz committed_at) {
    Key *key = keys_.add(text);
    if (key->count == key->room) {
        key->room = key->room == 0 ? 2 : 2 * key->room;
        const size_t size = key->room * sizeof(Event);
        key->events = static_cast<Event *>(key->events == nullptr ? MemoryContextAllocHuge(memory_, size)
                                                                  : repalloc_huge(key->events, size));
    }
    key->is_unsorted |= key->count > 0 && place < key->events[key->count - 1].place;
    key->events[key->count++] = {place, committed_at};
}

bool Timeline::end_of(std::string_view text, Place place, TimestampTz *end) {
    Key *key = keys_.find(text);
    if (key == nullptr)
        return false;
    const auto is_before = [](const Event &a, const Event &b) { return a.place < b.place; };
    if (key->is_unsorted)
        std::sort(key->events, key->events + key->count, is_before);
    key->is_unsorted = false;
    const Event *last = key->events + key->count,
                *next = std::upper_bound(key->events, key->events + key->count, Event{place, 0}, is_before);
    if (next == last)
        return false;
    *end = next->committed_at;
    return true;
}

} // namespace bemi::history
