// bemi.keys_of(): primary keys as bemi.changes has them, from the values of their columns.
#include "base/boundary.hpp"
#include "history/key_writer.hpp"

#include <algorithm>

namespace bemi::history {
namespace {

/// What an argument gives for a column of the key: one value, or each element of an array.
struct Choices {
    Datum *values;
    bool *nulls;
    int count;
};

Oid type_of_value(FunctionCallInfo fcinfo, int argument) {
    const Oid type = get_fn_expr_argtype(fcinfo->flinfo, argument), element = get_base_element_type(type);
    return OidIsValid(element) ? element : type;
}

Choices choices_of(FunctionCallInfo fcinfo, int argument) {
    Choices choices{&fcinfo->args[argument].value, &fcinfo->args[argument].isnull, 1};
    const Oid element = get_base_element_type(get_fn_expr_argtype(fcinfo->flinfo, argument));
    if (!OidIsValid(element))
        return choices;
    if (PG_ARGISNULL(argument))
        return {nullptr, nullptr, 0};
    int16 length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(element, &length, &by_value, &alignment);
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), element, length, by_value, alignment, &choices.values,
                      &choices.nulls, &choices.count);
    return choices;
}

/// Advances to the next combination of the choices; false after the last one.
bool advance(std::span<const Choices> choices, int *chosen) {
    for (size_t i = 0; i < choices.size(); i++) {
        if (++chosen[i] < choices[i].count)
            return true;
        chosen[i] = 0;
    }
    return false;
}

} // namespace
} // namespace bemi::history

using namespace bemi::history;

BEMI_FUNCTION(bemi_keys_of) {
    constexpr int first = 1; // before it comes the table, which makes a plan easier to read
    Oid types[INDEX_MAX_KEYS];
    Choices choices[INDEX_MAX_KEYS];
    int chosen[INDEX_MAX_KEYS] = {};
    const auto count = static_cast<size_t>(std::min(PG_NARGS() - first, INDEX_MAX_KEYS));
    ArrayBuildState *keys = initArrayResult(TEXTOID, CurrentMemoryContext, false);
    bool is_empty = false;
    for (size_t i = 0; i < count; i++) {
        types[i] = type_of_value(fcinfo, first + static_cast<int>(i));
        choices[i] = choices_of(fcinfo, first + static_cast<int>(i));
        is_empty |= choices[i].count == 0;
    }
    KeyWriter writer{};
    writer.open({types, count});
    do {
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        bool has_null = is_empty;
        for (size_t i = 0; i < count && !is_empty; i++) {
            values[i] = choices[i].values[chosen[i]];
            nulls[i] = choices[i].nulls[chosen[i]];
            has_null |= nulls[i];
        }
        if (has_null)
            continue;
        const std::string_view key = writer.text_of(values, nulls);
        (void)accumArrayResult(
            keys, PointerGetDatum(cstring_to_text_with_len(key.data(), static_cast<int>(key.size()))), false,
            TEXTOID, CurrentMemoryContext);
    } while (!is_empty && advance({choices, count}, chosen));
    PG_RETURN_DATUM(makeArrayResult(keys, CurrentMemoryContext));
}
