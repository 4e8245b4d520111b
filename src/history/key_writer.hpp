// The primary key of a row of a table as bemi.changes has it.
#pragma once

#include "base/compat.hpp"

#include <span>
#include <string_view>

namespace bemi::history {

/// How the key's columns become text.
class KeyWriter {
public:
    /// For rows with these columns.
    void open(TupleDesc columns, std::span<const AttrNumber> key);
    /// For the values of a key alone.
    void open(std::span<const Oid> types);

    /// The text of the key, until the next call. `values` are those of all columns. A null in the key gives
    /// the empty text.
    [[nodiscard]] std::string_view text_of(const Datum *values, const bool *nulls);

private:
    struct Column {
        int index;
        Oid type;
        FmgrInfo output; // or to_json(), if the key has several columns
    };

    [[nodiscard]] Column column_of(int index, Oid type) const;
    void append(Column &column, Datum value);

    void open_columns(size_t count);

    std::span<Column> columns_;
    StringInfoData text_;
};

} // namespace bemi::history
