// The rows that a function returns. They are collected in memory up to work_mem, and then in a temporary
// file.
#pragma once

#include "base/compat.hpp"

namespace bemi::history {

struct RowSet {
    Tuplestorestate *rows;
    TupleDesc columns;
};

/// Makes the set that the function returns, with a copy of the columns.
[[nodiscard]] RowSet begin_rows(FunctionCallInfo fcinfo, TupleDesc columns);

inline void add_row(const RowSet &result, const Datum *values, const bool *nulls) {
    tuplestore_putvalues(result.rows, result.columns, const_cast<Datum *>(values), const_cast<bool *>(nulls));
}

} // namespace bemi::history
