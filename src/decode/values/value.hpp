// Writes values as JSON. Read as jsonb with TimeZone UTC, the result equals to_jsonb of the value.
#pragma once

#include "decode/values/value_writer.hpp"

namespace bemi::decode {

/// Writes a value that is not null. Temporary allocations stay in the current memory context.
void write_value(json::Writer &out, ValueWriter &writer, Datum value);

/// Writes bytes as a string, as bytea_output = hex shows them.
void write_bytea(json::Writer &out, std::string_view bytes);

/// Writes `content` as a string; content that is not valid in the database's encoding is written like bytea.
void write_text_or_bytes(json::Writer &out, std::string_view content);

/// Whether the WAL has only a pointer to the value, which is in the TOAST table. That table shows today's
/// rows, so the value cannot be read.
[[nodiscard]] inline bool is_unavailable(const ValueWriter &writer, Datum value) {
    return writer.is_varlena() && VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value));
}

/// Writes a comma and the column's key and value; nothing if the value is unavailable.
void write_member(json::Writer &out, ColumnWriter &column, Datum value, bool is_null);

/// Writes an object with those columns whose values are available.
void write_object(json::Writer &out, std::span<ColumnWriter> columns, const Datum *values, const bool *nulls);

} // namespace bemi::decode
