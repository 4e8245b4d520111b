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
    bool has_key;
    std::string_view key;
    const pg_uuid_t *id;
    Datum before; // a jsonb, which may be toasted
    Datum after;
};

/// The columns that a query of changes selects.
#define BEMI_CHANGES                                                                                         \
    "SELECT c.schema, c.\"table\", c.commit_position, c.sequence, c.committed_at, c.transaction_id,"         \
    " c.operation, c.primary_key, c.before, c.after, c.id FROM bemi.changes c WHERE "

/// Which changes are wanted.
struct Changes {
    Relation relation;
    const RelationPast *past;
    const Cut *cut;
    Snapshot visible; // those of transactions that this snapshot does not show are left out

    /// Calls `use` for each change of the table after the cut that the query finds.
    template <typename Use> void for_each(const Query &query, const Datum *values, Use &&use) const {
        select(query, values, nullptr, [&](TupleTableSlot *row) {
            StoredChange change;
            if (read(row, change))
                use(change);
        });
    }

    /// Calls it for all of them.
    template <typename Use> void for_each_of_table(Use &&use) const {
        static constexpr Oid types[] = {TEXTARRAYOID, TIMESTAMPTZOID};
        const Datum values[] = {past->tables(), TimestampTzGetDatum(cut->since)};
        for_each(single(BEMI_CHANGES "c.\"table\" = ANY ($1) AND c.committed_at >= $2", types), values, use);
    }

private:
    [[nodiscard]] bool read(TupleTableSlot *row, StoredChange &change) const;
};

} // namespace bemi::history
