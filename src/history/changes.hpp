// The changes of a table after a cut, as bemi.changes has them.
#pragma once

#include "history/relation_past.hpp"
#include "history/select.hpp"

namespace bemi::history {

struct StoredChange {
    Place place;
    TimestampTz committed_at;
    bool creates; // else it updates or deletes
    bool deletes;
    std::string_view key;
    const pg_uuid_t *id;
    Datum before; // a jsonb, which may be toasted
    Datum after;
};

/// Which changes are wanted.
struct Changes {
    const RelationPast *past;
    const Cut *cut;
    Snapshot visible; // those of transactions that this snapshot does not show are left out
    Relation relation;

    /// Runs one of the queries of changes.cpp, and calls `use` for each change of the table after the cut.
    template <typename Use>
    void for_each(const Query &query, const Datum *values, bool has_after, Use &&use) const {
        select(query, values, nullptr, [&](TupleTableSlot *row) {
            StoredChange change;
            if (read(row, change, has_after))
                use(change);
        });
    }

    [[nodiscard]] bool read(TupleTableSlot *row, StoredChange &change, bool has_after) const;
};

} // namespace bemi::history
