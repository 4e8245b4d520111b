// Rows of a table from the JSON that bemi.changes has of them.
#pragma once

#include "history/relation_past.hpp"
#include "history/value_reader.hpp"

namespace bemi::history {

class RowReader {
public:
    /// Rows have the columns that the table has today. They get null for those that have no name in the shape
    /// `then`.
    void open(Relation relation, const Shape &then);

    /// Reads a row that had the shape; `change` has it.
    void read(const Jsonb *row, const Shape &shape, const pg_uuid_t &change);

    /// Sets the row, as the table has it today.
    void set(const Datum *values, const bool *nulls);

    [[nodiscard]] const Datum *values() const { return values_; }
    [[nodiscard]] const bool *nulls() const { return nulls_; }

private:
    struct Column {
        bool existed;
        bool has_reader;
        ValueReader reader;
    };

    void read_column(int index, JsonbContainer *row, const char *name);

    Relation relation_;
    MemoryContext memory_;
    Column *columns_;
    Datum *values_;
    bool *nulls_;
};

} // namespace bemi::history
