#include "decode/values/value.hpp"

#include "base/hex.hpp"
#include "base/text.hpp"
#include "decode/values/iso_time.hpp"
#include "decode/values/jsonb.hpp"

namespace bemi::decode {

namespace {

using Kind = ValueWriter::Kind;

/// The detoasted value. Its header may be a short one.
std::string_view packed_view(Datum value) {
    return view_of(pg_detoast_datum_packed(reinterpret_cast<struct varlena *>(DatumGetPointer(value))));
}

void write_bool(json::Writer &out, bool value) {
    out.raw(value ? std::string_view{"true"} : std::string_view{"false"});
}

/// `put` writes the digits of a finite number to a buffer and returns their count.
template <typename Float, typename Put> void write_float(json::Writer &out, Float value, Put &&put) {
    if (std::isnan(value))
        return out.raw("\"NaN\"");
    if (std::isinf(value))
        return out.raw(value > 0 ? std::string_view{"\"Infinity\""} : std::string_view{"\"-Infinity\""});
    // std::to_chars is no replacement: its digits read back as an equal float, but jsonb reads them as
    // numeric, and there they may differ from PostgreSQL's digits in the last place.
    char *p = out.reserve(DOUBLE_SHORTEST_DECIMAL_LEN);
    out.commit(p + put(value, p));
}

/// Whether the output is neither NaN nor an infinity.
bool is_number(std::string_view digits) {
    return digits.back() >= '0' && digits.back() <= '9';
}

void write_numeric(json::Writer &out, Datum value) {
    char *digits = DatumGetCString(DirectFunctionCall1(numeric_out, value));
    const std::string_view text{digits};
    is_number(text) ? out.raw(text) : out.string(text);
    pfree(digits);
}

template <typename Put, typename Value> void write_time(json::Writer &out, Put &&put, Value value) {
    char *p = out.reserve(iso_time_room + 2);
    *p++ = '"';
    p = put(p, value);
    *p++ = '"';
    out.commit(p);
}

void write_uuid(json::Writer &out, const pg_uuid_t *uuid) {
    char *p = out.reserve(uuid_text_size + 2);
    *p++ = '"';
    p = put_uuid(p, uuid->data);
    *p++ = '"';
    out.commit(p);
}

struct Elements {
    Datum *values;
    bool *nulls;
};

/// Writes a dimension with the dimensions inside it, and advances `next` past their elements.
void write_dimension(json::Writer &out, ValueWriter &writer, std::span<const int> sizes, Elements &next) {
    out.raw('[');
    for (int i = 0; i < sizes.front(); i++) {
        if (i > 0)
            out.raw(',');
        if (sizes.size() > 1) {
            write_dimension(out, writer, sizes.subspan(1), next);
            continue;
        }
        const Datum value = *next.values++;
        if (*next.nulls++)
            out.raw("null");
        else
            write_value(out, writer, value);
    }
    out.raw(']');
}

void write_array(json::Writer &out, ValueWriter &element, Datum value) {
    ArrayType *array = DatumGetArrayTypeP(value);
    if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) == 0)
        return out.raw("[]");

    Elements elements;
    int count;
    deconstruct_array(array, ARR_ELEMTYPE(array), element.length, element.by_value, element.alignment,
                      &elements.values, &elements.nulls, &count);
    Elements next = elements;
    write_dimension(out, element, {ARR_DIMS(array), static_cast<size_t>(ARR_NDIM(array))}, next);
    pfree(elements.values);
    pfree(elements.nulls);
}

void write_composite(json::Writer &out, RowTypeWriter &writer, Datum value) {
    check_stack_depth();
    load_columns(writer);
    HeapTupleHeader header = DatumGetHeapTupleHeader(value);
    HeapTupleData tuple{};
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    tuple.t_data = header;

    const auto natts = static_cast<size_t>(writer.descriptor->natts);
    auto *values = static_cast<Datum *>(palloc(natts * sizeof(Datum)));
    auto *nulls = static_cast<bool *>(palloc(natts * sizeof(bool)));
    heap_deform_tuple(&tuple, writer.descriptor, values, nulls);
    write_object(out, writer.columns, values, nulls);
    pfree(values);
    pfree(nulls);
}

void write_hex(json::Writer &out, std::string_view bytes) {
    out.raw('"');
    out.commit(put_hex(out.reserve(2 * bytes.size()), bytes.data(), bytes.size()));
    out.raw('"');
}

void write_number(json::Writer &out, FmgrInfo &function, Datum value) {
    char *digits = OutputFunctionCall(&function, value);
    const std::string_view text{digits};
    out.raw(is_number(text) ? text : "null");
    pfree(digits);
}

void write_cast(json::Writer &out, FmgrInfo &cast, Datum value) {
    out.raw_on_one_line(packed_view(FunctionCall1(&cast, value)));
}

void write_output(json::Writer &out, FmgrInfo &function, Datum value) {
    char *text = OutputFunctionCall(&function, value);
    out.string(text);
    pfree(text);
}

} // namespace

void write_value(json::Writer &out, ValueWriter &writer, Datum value) {
    switch (writer.kind) {
    case Kind::boolean:
        return write_bool(out, DatumGetBool(value));
    case Kind::int2:
        return out.integer(DatumGetInt16(value));
    case Kind::int4:
        return out.integer(DatumGetInt32(value));
    case Kind::int8:
        return out.integer(DatumGetInt64(value));
    case Kind::float4:
        return write_float(out, DatumGetFloat4(value), float_to_shortest_decimal_bufn);
    case Kind::float8:
        return write_float(out, DatumGetFloat8(value), double_to_shortest_decimal_bufn);
    case Kind::numeric:
        return write_numeric(out, value);
    case Kind::text:
        return out.string(packed_view(value));
    case Kind::json:
        return out.raw_on_one_line(packed_view(value));
    case Kind::jsonb:
        return write_jsonb(out, DatumGetJsonbP(value));
    case Kind::date:
        return write_time(out, put_date, DatumGetDateADT(value));
    case Kind::timestamp:
        return write_time(out, put_timestamp, DatumGetTimestamp(value));
    case Kind::timestamptz:
        return write_time(out, put_timestamptz, DatumGetTimestampTz(value));
    case Kind::uuid:
        return write_uuid(out, DatumGetUUIDP(value));
    case Kind::bytea:
        return write_bytea(out, packed_view(value));
    case Kind::hex:
        return write_hex(out, packed_view(value));
    case Kind::array:
        return write_array(out, *writer.element, value);
    case Kind::composite:
        return write_composite(out, *writer.composite, value);
    case Kind::cast_to_json:
        return write_cast(out, writer.function, value);
    case Kind::number:
        return write_number(out, writer.function, value);
    case Kind::output:
        return write_output(out, writer.function, value);
    }
}

void write_bytea(json::Writer &out, std::string_view bytes) {
    out.raw("\"\\\\x");
    out.commit(put_hex(out.reserve(2 * bytes.size()), bytes.data(), bytes.size()));
    out.raw('"');
}

void write_text_or_bytes(json::Writer &out, std::string_view content) {
    const bool no_error = true;
    if (pg_verifymbstr(content.data(), static_cast<int>(content.size()), no_error))
        out.string(content);
    else
        write_bytea(out, content);
}

void write_member(json::Writer &out, ColumnWriter &column, Datum value, bool is_null) {
    if (is_null) {
        out.raw(column.key);
        out.raw("null");
    } else if (!is_unavailable(column.value, value)) {
        out.raw(column.key);
        write_value(out, column.value, value);
    }
}

void write_object(json::Writer &out, std::span<ColumnWriter> columns, const Datum *values,
                  const bool *nulls) {
    out.enclosed('{', '}', [&] {
        for (ColumnWriter &column : columns)
            write_member(out, column, values[column.index], nulls[column.index]);
    });
}

} // namespace bemi::decode
