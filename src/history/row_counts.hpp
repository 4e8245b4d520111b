// The changes after a cut of a table whose rows cannot be told apart by a key: how many rows of each kind
// went, less those that came. Rows are of one kind if they agree in all columns that the table had then and
// has today, and of which changes tell everything since.
#pragma once

#include "history/changes.hpp"
#include "history/json_rows.hpp"
#include "history/key_table.hpp"

namespace bemi::history {

struct RowCount {
    std::string_view key; // the text of the row
    int64 count;
    const Jsonb *row; // NULL if none of the kind went
    Place place;
    pg_uuid_t change;
};

class RowCounts {
public:
    void collect(Relation relation, const Changes &changes);

    /// Whether this row came after the cut. It is called for each present row once.
    [[nodiscard]] bool take(const Datum *values, const bool *nulls);

    /// Calls `use` for each row that went, once all present rows were taken.
    template <typename Use> void for_each_gone(Use &&use) {
        counts_.for_each([&](const RowCount &count) {
            if (count.count < 0)
                fail();
            for (int64 i = 0; i < count.count; i++)
                use(count);
        });
    }

private:
    void note(const StoredChange &change);
    RowCount *count_of(Datum row, const Shape &shape);
    [[noreturn]] void fail() const;

    Relation relation_;
    const RelationPast *past_;
    Shape then_;
    MemoryContext memory_;
    KeyTable<RowCount> counts_;
    JsonRows json_;
    Shape today_;
};

} // namespace bemi::history
