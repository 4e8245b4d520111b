// bemi.key(): the text that a primary key has in bemi.changes. What writes it there writes it here.
#include "base/boundary.hpp"
#include "base/text.hpp"
#include "base/text_settings.hpp"
#include "decode/values/value.hpp"
#include "store/storable.hpp"

namespace bemi::store {
namespace {

struct KeyValue {
    Oid type;
    Datum value;
    bool is_null;
};

/// The elements of the array in bemi.key(VARIADIC …).
std::span<KeyValue> elements_of(FunctionCallInfo fcinfo) {
    ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
    const Oid type = ARR_ELEMTYPE(array);
    int16 length;
    bool by_value;
    char alignment;
    Datum *values;
    bool *nulls;
    int count;
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    deconstruct_array(array, type, length, by_value, alignment, &values, &nulls, &count);
    auto *key = static_cast<KeyValue *>(palloc(sizeof(KeyValue) * static_cast<size_t>(count)));
    for (int i = 0; i < count; i++)
        key[i] = {.type = type, .value = values[i], .is_null = nulls[i]};
    return {key, static_cast<size_t>(count)};
}

std::span<KeyValue> arguments_of(FunctionCallInfo fcinfo) {
    if (get_fn_expr_variadic(fcinfo->flinfo))
        return elements_of(fcinfo);
    const auto count = static_cast<size_t>(PG_NARGS());
    auto *key = static_cast<KeyValue *>(palloc(sizeof(KeyValue) * count));
    for (size_t i = 0; i < count; i++)
        key[i] = {.type = get_fn_expr_argtype(fcinfo->flinfo, static_cast<int>(i)),
                  .value = fcinfo->args[i].value,
                  .is_null = fcinfo->args[i].isnull};
    return {key, count};
}

void write_single(json::Writer &out, const KeyValue &key) {
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(key.type, &output, &is_varlena);
    out.raw(std::string_view{OidOutputFunctionCall(output, key.value)});
}

void write_array(json::Writer &out, std::span<const KeyValue> key) {
    char separator = '[';
    for (const KeyValue &column : key) {
        decode::ValueWriter writer = decode::make_value_writer(column.type);
        out.raw(separator);
        separator = ',';
        decode::write_value(out, writer, column.value);
    }
    out.raw(']');
}

} // namespace

BEMI_FUNCTION(bemi_key) {
    const std::span<KeyValue> key = arguments_of(fcinfo);
    for (const KeyValue &column : key)
        if (column.is_null)
            PG_RETURN_NULL();
    if (key.empty())
        PG_RETURN_NULL();
    StringInfoData text;
    initStringInfo(&text);
    json::Writer out{&text};
    with_settings(fixed_settings(), [&] {
        if (key.size() == 1)
            write_single(out, key.front());
        else
            write_array(out, key);
    });
    PG_RETURN_DATUM(storable::key_of(view_of(text)));
}

} // namespace bemi::store
