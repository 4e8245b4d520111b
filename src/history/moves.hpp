// The UPDATEs that changed a primary key, which bemi.changes has under the new key.
#pragma once

#include "history/changes.hpp"
#include "history/key_table.hpp"

namespace bemi::history {

class Moves {
public:
    void open(MemoryContext memory) {
        memory_ = memory;
        moves_.open(memory);
    }

    /// Adds those that the query of bemi.moved_keys (id, old_key) finds. Only the owner of the extension may
    /// read all of this table. It tells nothing but which of the changes that the caller can read have
    /// changed a key.
    void find(const char *sql, std::span<const Oid> types, const Datum *values);
    /// Adds those of the table after the cut.
    void find_all(const Changes &changes);
    /// Adds those of rows that had one of the keys, a text[].
    void find_of_keys(const Changes &changes, Datum keys);
    /// Calls `use` for each of the changes that the caller can read.
    template <typename Use> void for_each(const Changes &changes, Use &&use) {
        if (!is_empty())
            changes.for_each_of_ids(ids(), use);
    }

    [[nodiscard]] bool is_empty() const { return moves_.size() == 0; }
    [[nodiscard]] bool has(const pg_uuid_t &change) { return old_key_of(change).data() != nullptr; }
    /// The key of the row before the change; one without data if the change has not moved it.
    [[nodiscard]] std::string_view old_key_of(const pg_uuid_t &change);

private:
    [[nodiscard]] Datum ids();

    struct Move {
        std::string_view key; // the ID of the change
        std::string_view old_key;
    };

    KeyTable<Move> moves_;
    MemoryContext memory_;
};

/// The IDs as uuid[].
[[nodiscard]] Datum array_of_ids(Datum *ids, size_t count);

} // namespace bemi::history
