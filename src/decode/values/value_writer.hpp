// How the values of a type are written as JSON. A writer is made once for a column, under the historic
// snapshot, so that writing a value (value.hpp) needs no catalog.
#pragma once

#include "json/writer.hpp"

#include <span>

namespace bemi::decode {

struct RowTypeWriter;

struct ValueWriter {
    enum class Kind : uint8 {
        boolean,
        int2,
        int4,
        int8,
        float4,
        float8,
        numeric,
        text, // all types that are stored as their text
        json,
        jsonb,
        date,
        timestamp,
        timestamptz,
        uuid,
        bytea,
        hex, // bytea without the prefix \x
        array,
        composite,
        cast_to_json, // by the function of a cast
        number,       // by the type's output function; null if its result is NaN or an infinity
        output,       // a string, by the type's output function
    };

    /// How writing a value may fail, apart from a result that is too large.
    enum class Risk : uint8 {
        none,
        error,        // only PostgreSQL's own code runs, which needs no cleanup after an ERROR
        foreign_code, // code of an extension or a role runs: its ERROR needs a subtransaction to clean up
    };

    Kind kind;
    Risk risk;
    bool by_value;
    char alignment;
    int16 length;
    FmgrInfo function;        // cast_to_json, number, output
    ValueWriter *element;     // array
    RowTypeWriter *composite; // composite

    [[nodiscard]] bool is_varlena() const { return length == -1; }
    [[nodiscard]] bool is_integer() const {
        return kind == Kind::int2 || kind == Kind::int4 || kind == Kind::int8;
    }
};

/// Writes a column: as a member of a JSON object or, in format=wal2json, as an object of its own.
struct ColumnWriter {
    std::string_view key;  // precedes the value, punctuation included: ,"name":
    std::string_view tail; // follows the value
    int index;             // of the value in Row::values
    ValueWriter value;

    /// The key as a JSON string.
    [[nodiscard]] std::string_view name() const { return key.substr(1, key.size() - 2); }
};

/// Writes composite values of one row type. Its columns are loaded when the first value arrives: row types
/// may be nested thousands of levels deep, or contain each other several times at each level, which would
/// make billions of members although no row has a value for them.
struct RowTypeWriter {
    Oid type;
    TupleDesc descriptor; // NULL until load_columns()
    std::span<ColumnWriter> columns;
    RowTypeWriter *outermost; // heads the list of all row types nested in it, each listed once
    RowTypeWriter *next;
};

/// Makes the writer of values of `type` in the current memory context. `outer` is the row type that contains
/// the values, NULL if there is none.
[[nodiscard]] ValueWriter make_value_writer(Oid type, RowTypeWriter *outer = nullptr);
/// Makes the writer of a column, whose name becomes the key.
[[nodiscard]] ColumnWriter make_column_writer(Form_pg_attribute attribute, RowTypeWriter *outer = nullptr);
/// Makes the writers of the row type's columns, unless they exist.
void load_columns(RowTypeWriter &writer);

/// The risk of calling the type's output function.
[[nodiscard]] ValueWriter::Risk risk_of_output(Oid type, Oid function);

/// Whether the writer depends on the definition of a row type.
[[nodiscard]] bool uses_row_type(const ValueWriter &writer);

/// Whether the text of the values may depend on settings such as DateStyle.
[[nodiscard]] bool uses_settings(const ValueWriter &writer);

} // namespace bemi::decode
