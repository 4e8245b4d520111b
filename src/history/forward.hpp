// The rows of a table at a moment from its changes and baselines alone, for when its present rows do not
// help.
#pragma once

#include "history/cut.hpp"
#include "history/select.hpp"

#include <string_view>

namespace bemi::history {

/// Whether for_each_forward() finds all rows that the table had at the cut.
[[nodiscard]] bool has_all_rows(Oid relation, const Cut &cut);

/// A row with its primary key, and with the columns of the cut. The change tells of it.
struct ForwardRow {
    std::string_view key;
    const Jsonb *row;
    const pg_uuid_t *change;
};

/// The query for the rows, and its parameters.
struct ForwardRows {
    explicit ForwardRows(Oid relation, const Cut &cut);

    /// Calls `use` for each row, in a memory context that is reset after it.
    template <typename Use> void for_each(Use &&use) const {
        select(query_, values_, nulls_, [&use](TupleTableSlot *row) { use(read(row)); });
    }

private:
    [[nodiscard]] static ForwardRow read(TupleTableSlot *row);

    Query query_;
    Datum values_[4];
    bool nulls_[4];
};

} // namespace bemi::history
