// The first change of each key after a cut, which says what row was there before it.
#pragma once

#include "history/moves.hpp"

namespace bemi::history {

/// What is asked for at the end, and not whenever another change of the key is found.
struct FirstChangeDetail {
    TimestampTz committed_at;
    pg_uuid_t change;
    bool is_update;      // of a row that may have had another key before
    const Jsonb *before; // NULL: there was no row with this key
};

struct FirstChange {
    std::string_view key;
    Place place;
    FirstChangeDetail *detail;
};

class FirstChanges {
public:
    /// Collects them, of these keys (a text[]) only if `keys` is not null.
    void collect(const Changes &changes, const Datum *keys);

    [[nodiscard]] bool has(std::string_view key) { return table_.find(key) != nullptr; }
    /// Calls `use` for each whose row was there.
    template <typename Use> void for_each_gone(Use &&use) {
        table_.for_each([&](const FirstChange &first) {
            if (first.detail->before != nullptr)
                use(first);
        });
    }

private:
    void collect_of_keys(Datum keys);
    void note(const StoredChange &change);
    void note_first(std::string_view key, const StoredChange &change, bool was_there);
    void forget_rows_that_came();

    const Changes *changes_;
    MemoryContext memory_;
    KeyTable<FirstChange> table_;
    Moves moves_;
};

} // namespace bemi::history
