#include "history/key_writer.hpp"

#include "base/stored_key.hpp"
#include "base/text.hpp"
#include "base/text_settings.hpp"
#include "history/json_call.hpp"

#include <charconv>

namespace bemi::history {
namespace {

void append_integer(StringInfo out, int64 value) {
    char digits[24];
    const char *end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    appendBinaryStringInfo(out, digits, static_cast<int>(end - digits));
}

void append_view(StringInfo out, std::string_view text) {
    appendBinaryStringInfo(out, text.data(), static_cast<int>(text.size()));
}

/// Appends the value of a common type; false if it is of another one. Text without quotes is not JSON.
bool append_common(StringInfo out, Oid type, Datum value, bool without_quotes) {
    switch (type) {
    case INT2OID:
        append_integer(out, DatumGetInt16(value));
        return true;
    case INT4OID:
        append_integer(out, DatumGetInt32(value));
        return true;
    case INT8OID:
        append_integer(out, DatumGetInt64(value));
        return true;
    case TEXTOID:
    case VARCHAROID:
        if (without_quotes)
            append_view(out, view_of(DatumGetTextPP(value)));
        return without_quotes;
    default:
        return false;
    }
}

} // namespace

KeyWriter::Column KeyWriter::column_of(int index, Oid type) const {
    Column column{.index = index, .type = getBaseType(type), .output = {}};
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(type, &output, &is_varlena);
    if (columns_.size() == 1)
        fmgr_info(output, &column.output);
    else
        set_function(column.output, F_TO_JSON, type);
    return column;
}

void KeyWriter::open_columns(size_t count) {
    columns_ = {static_cast<Column *>(palloc0(sizeof(Column) * count)), count};
    initStringInfo(&text_);
}

void KeyWriter::open(TupleDesc columns, std::span<const AttrNumber> key) {
    open_columns(key.size());
    for (size_t i = 0; i < key.size(); i++)
        columns_[i] = column_of(key[i] - 1, TupleDescAttr(columns, key[i] - 1)->atttypid);
}

void KeyWriter::open(std::span<const Oid> types) {
    open_columns(types.size());
    for (size_t i = 0; i < types.size(); i++)
        columns_[i] = column_of(static_cast<int>(i), types[i]);
}

void KeyWriter::append(Column &column, Datum value) {
    const bool is_single = columns_.size() == 1;
    if (append_common(&text_, column.type, value, is_single))
        return;
    with_settings(fixed_settings(), [&] {
        if (is_single)
            appendStringInfoString(&text_, OutputFunctionCall(&column.output, value));
        else
            append_view(&text_, view_of(DatumGetTextPP(FunctionCall1(&column.output, value))));
    });
}

std::string_view KeyWriter::text_of(const Datum *values, const bool *nulls) {
    resetStringInfo(&text_);
    char separator = '[';
    for (Column &column : columns_) {
        if (nulls[column.index])
            return {};
        if (columns_.size() > 1)
            appendStringInfoChar(&text_, separator);
        separator = ',';
        append(column, values[column.index]);
    }
    if (columns_.size() > 1)
        appendStringInfoChar(&text_, ']');
    const std::string_view text = view_of(text_);
    return text.size() > longest_key ? hash_of(text) : text;
}

} // namespace bemi::history
