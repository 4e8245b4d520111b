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
    Datum context;
};

/// Which changes are wanted.
struct Changes {
    Relation relation;
    const RelationPast *past;
    const Cut *cut;
    Snapshot visible; // those of transactions that this snapshot does not show are left out

    /// Calls `use` for each change of the table after the cut.
    template <typename Use> void for_each_of_table(Use &&use) const {
        const Datum values[] = {past->tables(), TimestampTzGetDatum(cut->since)};
        for_each(of_table(), values, use);
    }

    /// Calls it for those that are stored under one of the keys, a text[].
    template <typename Use> void for_each_of_keys(Datum keys, Use &&use) const {
        const Datum values[] = {past->tables(), TimestampTzGetDatum(cut->since), keys};
        for_each(of_keys(), values, use);
    }

    /// Calls it for those with these IDs, a uuid[].
    template <typename Use> void for_each_of_ids(Datum ids, Use &&use) const {
        const Datum values[] = {ids, TimestampTzGetDatum(cut->since)};
        for_each(of_ids(), values, use);
    }

    /// Whether the table was truncated after the cut. ERROR if the history does not have the rows that it
    /// had.
    [[nodiscard]] bool has_truncation() const;

private:
    [[nodiscard]] static Query of_table();
    [[nodiscard]] static Query of_keys();
    [[nodiscard]] static Query of_ids();
    template <typename Use> void for_each(const Query &query, const Datum *values, Use &&use) const {
        select(query, values, nullptr, [&](TupleTableSlot *row) {
            StoredChange change;
            if (read(row, change))
                use(change);
        });
    }

    [[nodiscard]] bool is_own(TupleTableSlot *row) const;
    [[nodiscard]] bool read(TupleTableSlot *row, StoredChange &change) const;
};

} // namespace bemi::history
