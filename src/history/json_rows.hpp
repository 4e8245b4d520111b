// Rows of a table as JSON.
#pragma once

#include "base/compat.hpp"

namespace bemi::history {

class JsonRows {
public:
    void open(Relation relation);

    /// The row as a jsonb, as in bemi.changes.
    [[nodiscard]] Datum jsonb_of(const Datum *values, const bool *nulls);

private:
    TupleDesc columns_;
    FmgrInfo to_jsonb_;
};

} // namespace bemi::history
