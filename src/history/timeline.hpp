// When the versions of each row ended.
#pragma once

#include "history/moves.hpp"

namespace bemi::history {

class Timeline {
public:
    void open() { keys_.open(memory_ = CurrentMemoryContext); }

    /// A change of the row with this key.
    void add(std::string_view key, Place place, TimestampTz committed_at);

    /// Finds the time of the key's first change after the place. False if there is none.
    [[nodiscard]] bool end_of(std::string_view key, Place place, TimestampTz *end);

private:
    struct Event {
        Place place;
        TimestampTz committed_at;
    };

    struct Key {
        std::string_view key;
        Event *events;
        size_t count, room;
        bool is_unsorted;
    };

    KeyTable<Key> keys_;
    MemoryContext memory_;
};

} // namespace bemi::history
