#include "decode/values/jsonb.hpp"

namespace bemi::decode {

namespace {

std::string_view string_of(const JsonbValue &value) {
    return {value.val.string.val, static_cast<size_t>(value.val.string.len)};
}

void write_scalar(json::Writer &out, const JsonbValue &value) {
    switch (value.type) {
    case jbvNull:
        return out.raw("null");
    case jbvBool:
        return out.raw(value.val.boolean ? std::string_view{"true"} : std::string_view{"false"});
    case jbvString:
        return out.string(string_of(value));
    case jbvNumeric: {
        char *digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
        out.raw(digits);
        return pfree(digits);
    }
    default:
        elog(ERROR, "unexpected jsonb value type %d", static_cast<int>(value.type));
    }
}

} // namespace

void write_jsonb(json::Writer &out, Jsonb *jsonb) {
    JsonbValue value;
    if (JB_ROOT_IS_SCALAR(jsonb)) {
        JsonbExtractScalar(&jsonb->root, &value);
        return write_scalar(out, value);
    }

    JsonbIterator *iterator = JsonbIteratorInit(&jsonb->root);
    bool after_value = false; // the next element needs a comma
    JsonbIteratorToken token;
    while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE) {
        if (after_value && token != WJB_END_ARRAY && token != WJB_END_OBJECT)
            out.raw(',');
        after_value =
            token == WJB_VALUE || token == WJB_ELEM || token == WJB_END_ARRAY || token == WJB_END_OBJECT;
        switch (token) {
        case WJB_BEGIN_ARRAY:
            out.raw('[');
            break;
        case WJB_END_ARRAY:
            out.raw(']');
            break;
        case WJB_BEGIN_OBJECT:
            out.raw('{');
            break;
        case WJB_END_OBJECT:
            out.raw('}');
            break;
        case WJB_KEY:
            out.string(string_of(value));
            out.raw(':');
            break;
        default:
            write_scalar(out, value);
        }
    }
}

} // namespace bemi::decode
