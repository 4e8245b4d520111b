// Values as JSON. How a value of a type is written is decided once, in a writer (value_plan.cpp); writing
// (value.cpp) needs no catalog. Read as jsonb, with TimeZone UTC, what is written equals what to_jsonb makes
// of the value.
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
        text, // and what else is stored as its text
        json,
        jsonb,
        date,
        timestamp,
        timestamptz,
        uuid,
        bytea,
        hex, // the same without a prefix
        array,
        composite,
        cast_to_json, // by the function of a cast
        number,       // by the type's output function, or null where that is no number
        output,       // a string, by the type's output function
    };

    /// What may happen when a value is written, beside that there is too much of it.
    enum class Risk : uint8 {
        none,
        error,        // of PostgreSQL's own code, which leaves nothing behind
        foreign_code, // an error may leave anything behind
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

/// A member of a JSON object, or in format=wal2json an object of its own.
struct ColumnWriter {
    std::string_view key;  // with what goes around it: ,"name":
    std::string_view tail; // what goes after the value
    int index;             // into the values of a row
    ValueWriter value;

    /// The key as a JSON string.
    [[nodiscard]] std::string_view name() const { return key.substr(1, key.size() - 2); }
};

/// The writer of a row type is made when the first value comes. Types may be nested in each other
/// thousandfold, or be in each other twice, and again so, which makes billions of members of which no row has
/// a value.
struct RowTypeWriter {
    Oid type;
    TupleDesc descriptor; // NULL as long as no value has come
    std::span<ColumnWriter> columns;
    RowTypeWriter *outermost; // its list has each of the row types within it once
    RowTypeWriter *next;
};

/// Makes the writer for `type`, of a value within one of `outer` if that is not NULL, in the current memory
/// context.
[[nodiscard]] ValueWriter make_value_writer(Oid type, RowTypeWriter *outer = nullptr);
/// The same for a column, whose name becomes the key.
[[nodiscard]] ColumnWriter make_column_writer(Form_pg_attribute attribute, RowTypeWriter *outer = nullptr);
/// Completes the writer, unless it is.
void complete(RowTypeWriter &writer);

/// The risk of calling the type's output function.
[[nodiscard]] ValueWriter::Risk risk_of_output(Oid type, Oid function);

/// Whether the writer depends on the definition of a row type.
[[nodiscard]] bool uses_row_type(const ValueWriter &writer);

/// Whether the text of its values may depend on settings, as the output of some types does.
[[nodiscard]] bool uses_settings(const ValueWriter &writer);

/// Writes a value that is not null. Garbage is left in the current memory context.
void write_value(JsonWriter &out, ValueWriter &writer, Datum value);

/// Writes bytes as bytea_output = hex shows them.
void write_bytea(JsonWriter &out, std::string_view bytes);

/// Writes a string: the text, or where it is none in the database's encoding, the bytes like bytea.
void write_text_or_bytes(JsonWriter &out, std::string_view content);

/// Whether the value is not there, but only a pointer to where it is out of line in a table of now.
[[nodiscard]] inline bool is_unavailable(const ValueWriter &writer, Datum value) {
    return writer.is_varlena() && VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value));
}

/// Writes the column's key and value, after a comma; nothing if the value is not available.
void write_member(JsonWriter &out, ColumnWriter &column, Datum value, bool is_null);

/// Writes an object of those columns whose values are available.
void write_object(JsonWriter &out, std::span<ColumnWriter> columns, const Datum *values, const bool *nulls);

} // namespace bemi::decode
