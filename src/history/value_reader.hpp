// Values of columns from the JSON that bemi.changes has of them.
#pragma once

#include "base/compat.hpp"

#include <span>

namespace bemi::history {

/// How the JSON of a type becomes a value.
struct ValueReader {
    enum class Form : uint8 { plain, json, array, vector, composite, hstore };

    Form form;
    char delimiter;       // between such values in an array
    ValueReader *element; // of an array
    TupleDesc columns;    // of a composite type, with
    ValueReader *fields;  // a reader for each of them
    Oid base_type;
    Oid type;
    int32 typmod;
    bool is_not_null; // a column that cannot be null
    Oid io_parameter;
    FmgrInfo input;
};

/// Makes the reader of a column, in the current memory context.
[[nodiscard]] ValueReader make_value_reader(Form_pg_attribute attribute);

/// Returns the value. `json` is NULL where the row lacks the column. Needs with_settings(fixed_settings()).
[[nodiscard]] Datum read_value(ValueReader &reader, const JsonbValue *json, bool *is_null);

} // namespace bemi::history
