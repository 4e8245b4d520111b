// Under which names bemi.changes has the changes of a table, and which of its columns had which names.
#pragma once

#include "history/cut.hpp"

#include <span>
#include <string_view>

namespace bemi::history {

/// A name under which changes of the table are stored, from a place on and before another one.
struct StoredName {
    std::string_view schema;
    std::string_view table;
    Place from;
    Place to;
};

/// How the table looked from a place on.
struct Shape {
    Place from;
    TimestampTz from_time;
    // By the columns of today: the name that the column had; NULL where changes do not have its values, since
    // it did not exist, or its rule excludes or redacts it.
    const char **names;
    bool *ignored; // by the columns of today: changes of nothing else were not stored
    bool has_key_of_today;
};

struct RelationPast {
    std::span<StoredName> names;
    std::span<Shape> shapes;   // in the order of their places, one at least
    std::span<AttrNumber> key; // the columns of the primary key of today, with its
    Oid key_index;
    bool is_key_deferrable;
    size_t natts; // how many columns the table has today

    /// Whether each row had one key, of today's columns, from the cut on.
    [[nodiscard]] bool has_key_since(const Cut &cut) const;
    /// Whether a change under this name is one of the table's.
    [[nodiscard]] bool has(std::string_view schema, std::string_view table, Place place) const;
    /// The shape that rows had at the place.
    [[nodiscard]] const Shape &shape_at(Place place) const;
    /// The shape that the table had at the cut.
    [[nodiscard]] const Shape &shape_at(const Cut &cut) const;
    /// That shape with those columns only of which all changes since have the values.
    [[nodiscard]] Shape shape_since(const Cut &cut) const;
    /// The names without their schemas, as text[].
    [[nodiscard]] Datum tables() const;
};

/// The index of the primary key, a deferrable one too, which PostgreSQL's relation cache does not report in
/// all versions; InvalidOid if there is none.
[[nodiscard]] Oid primary_key_of(Relation relation);

/// How the table looks today.
[[nodiscard]] Shape shape_of_today(Relation relation);

/// Reads it into the current memory context. Call it between SPI_connect() and SPI_finish().
[[nodiscard]] RelationPast past_of(Relation relation);

} // namespace bemi::history
