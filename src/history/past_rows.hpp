// The rows of a table as they were at a moment: its present rows, and from there back. A row that no change
// after the moment concerns is as it was. Of each other key, the first change after the moment says what was
// before it.
#pragma once

#include "history/cut.hpp"

#include <string_view>

namespace bemi::history {

/// Takes a row with its primary key as in bemi.changes, empty if the table has none; `values` and `nulls` are
/// those of all columns that the table has today.
struct RowSink {
    void (*use)(void *closure, std::string_view key, const Datum *values, const bool *nulls);
    void *closure;
};

/// Finds the rows with these keys (a text[]), or all if `keys` is NULL, and gives each to the sink in a
/// memory context that is reset after it.
void find_past_rows(Relation relation, const Moment &moment, const Datum *keys, const RowSink &sink);

} // namespace bemi::history
