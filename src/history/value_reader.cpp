#include "history/value_reader.hpp"

#include <string_view>

namespace bemi::history {
namespace {

using Form = ValueReader::Form;

void append_text(StringInfo out, ValueReader &reader, const JsonbValue &json);
void append_scalar(StringInfo out, const JsonbValue &json);

bool is_hstore(Oid type) {
    const Oid extension = getExtensionOfObject(TypeRelationId, type);
    const char *name = OidIsValid(extension) ? get_extension_name(extension) : nullptr;
    return name != nullptr && strcmp(name, "hstore") == 0;
}

Form form_of(Oid base_type) {
    if (base_type == JSONOID || base_type == JSONBOID)
        return Form::json;
    if (base_type == INT2VECTOROID || base_type == OIDVECTOROID)
        return Form::vector;
    if (OidIsValid(get_element_type(base_type)))
        return Form::array;
    if (type_is_rowtype(base_type))
        return Form::composite;
    return is_hstore(base_type) ? Form::hstore : Form::plain;
}

ValueReader make_reader(Oid type, int32 typmod) {
    ValueReader reader{};
    Oid input;
    int16 length;
    bool by_value;
    char alignment;
    get_type_io_data(type, IOFunc_input, &length, &by_value, &alignment, &reader.delimiter,
                     &reader.io_parameter, &input);
    fmgr_info(input, &reader.input);
    reader.type = type;
    reader.typmod = typmod;
    reader.base_type = getBaseType(type);
    reader.form = form_of(reader.base_type);
    if (reader.form == Form::array) {
        reader.element = static_cast<ValueReader *>(palloc(sizeof(ValueReader)));
        *reader.element = make_reader(get_element_type(reader.base_type), -1);
    }
    return reader;
}

/// Looks up the columns of a composite type when a value needs them: a type may contain itself in an array.
void load_columns(ValueReader &reader) {
    if (reader.columns != nullptr)
        return;
    MemoryContext caller = MemoryContextSwitchTo(reader.input.fn_mcxt);
    TupleDesc columns = lookup_rowtype_tupdesc_copy(reader.base_type, -1);
    reader.fields =
        static_cast<ValueReader *>(palloc0(sizeof(ValueReader) * static_cast<size_t>(columns->natts)));
    for (int i = 0; i < columns->natts; i++)
        if (Form_pg_attribute column = TupleDescAttr(columns, i); !column->attisdropped)
            reader.fields[i] = make_reader(column->atttypid, column->atttypmod);
    reader.columns = columns;
    MemoryContextSwitchTo(caller);
}

/// Appends a part of an array, of a row or of an hstore in double quotes.
void append_quoted(StringInfo out, const char *text) {
    appendStringInfoChar(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            appendStringInfoChar(out, '\\');
        appendStringInfoChar(out, *text);
    }
    appendStringInfoChar(out, '"');
}

void append_part(StringInfo out, ValueReader &reader, const JsonbValue &json) {
    StringInfoData part;
    initStringInfo(&part);
    append_text(&part, reader, json);
    append_quoted(out, part.data);
    pfree(part.data);
}

/// Calls `use` for each element of an array, or for each key and value of an object.
template <typename Use> void iterate(const JsonbValue &json, Use &&use) {
    JsonbIterator *iterator = JsonbIteratorInit(json.val.binary.data);
    JsonbValue value;
    JsonbIteratorToken token;
    const bool skip_nested = true;
    (void)JsonbIteratorNext(&iterator, &value, false);
    while ((token = JsonbIteratorNext(&iterator, &value, skip_nested)) != WJB_DONE)
        if (token == WJB_ELEM || token == WJB_KEY || token == WJB_VALUE)
            use(token, value);
}

bool is_array(const JsonbValue &json) {
    return json.type == jbvBinary && JsonContainerIsArray(json.val.binary.data);
}

bool is_object(const JsonbValue &json) {
    return json.type == jbvBinary && JsonContainerIsObject(json.val.binary.data);
}

/// Whether it is a value of int2vector or oidvector: an array of numbers.
bool is_vector(const JsonbValue &json) {
    bool has_numbers_only = true;
    iterate(json, [&](JsonbIteratorToken, const JsonbValue &value) {
        has_numbers_only = has_numbers_only && (value.type == jbvNumeric || value.type == jbvString);
    });
    return has_numbers_only;
}

/// Whether a part of an array is an array with one dimension less, and not an element. Of arrays of json it
/// is taken as an element.
bool is_dimension(const ValueReader &element, const JsonbValue &part) {
    return is_array(part) && element.form != Form::json && !(element.form == Form::vector && is_vector(part));
}

void append_array(StringInfo out, ValueReader &element, const JsonbValue &json) {
    check_stack_depth();
    char separator = '{';
    iterate(json, [&](JsonbIteratorToken, const JsonbValue &value) {
        appendStringInfoChar(out, separator);
        separator = element.delimiter;
        if (value.type == jbvNull)
            appendStringInfoString(out, "NULL");
        else if (is_dimension(element, value))
            append_array(out, element, value);
        else
            append_part(out, element, value);
    });
    appendStringInfoString(out, separator == '{' ? "{}" : "}");
}

/// int2vector and oidvector are arrays with a text of their own.
void append_vector(StringInfo out, const JsonbValue &json) {
    iterate(json, [out](JsonbIteratorToken, const JsonbValue &value) {
        if (out->len > 0)
            appendStringInfoChar(out, ' ');
        append_scalar(out, value);
    });
}

void append_composite(StringInfo out, ValueReader &reader, const JsonbValue &json) {
    check_stack_depth();
    load_columns(reader);
    char separator = '(';
    for (int i = 0; i < reader.columns->natts; i++) {
        Form_pg_attribute column = TupleDescAttr(reader.columns, i);
        if (column->attisdropped)
            continue;
        appendStringInfoChar(out, separator);
        separator = ',';
        JsonbValue value;
        const char *name = NameStr(column->attname);
        if (getKeyJsonValueFromContainer(json.val.binary.data, name, static_cast<int>(strlen(name)),
                                         &value) != nullptr &&
            value.type != jbvNull)
            append_part(out, reader.fields[i], value);
    }
    appendStringInfoString(out, separator == '(' ? "()" : ")");
}

void append_hstore(StringInfo out, const JsonbValue &json) {
    iterate(json, [&](JsonbIteratorToken token, const JsonbValue &value) {
        if (token == WJB_KEY && out->len > 0)
            appendStringInfoString(out, ", ");
        if (value.type == jbvNull)
            appendStringInfoString(out, "NULL");
        else
            append_quoted(out, pnstrdup(value.val.string.val, static_cast<Size>(value.val.string.len)));
        if (token == WJB_KEY)
            appendStringInfoString(out, "=>");
    });
}

void append_json(StringInfo out, const JsonbValue &json) {
    Jsonb *jsonb = JsonbValueToJsonb(const_cast<JsonbValue *>(&json));
    (void)JsonbToCString(out, &jsonb->root, VARSIZE(jsonb));
}

void append_scalar(StringInfo out, const JsonbValue &json) {
    switch (json.type) {
    case jbvString:
        return appendBinaryStringInfo(out, json.val.string.val, json.val.string.len);
    case jbvNumeric:
        return appendStringInfoString(
            out, DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(json.val.numeric))));
    case jbvBool:
        return appendStringInfoString(out, json.val.boolean ? "true" : "false");
    default:
        return append_json(out, json);
    }
}

/// Appends what the input function of the type reads.
void append_text(StringInfo out, ValueReader &reader, const JsonbValue &json) {
    if (reader.form == Form::json)
        append_json(out, json);
    else if (reader.form == Form::array && is_array(json))
        append_array(out, *reader.element, json);
    else if (reader.form == Form::vector && is_array(json))
        append_vector(out, json);
    else if (reader.form == Form::composite && is_object(json))
        append_composite(out, reader, json);
    else if (reader.form == Form::hstore && is_object(json))
        append_hstore(out, json);
    else
        append_scalar(out, json);
}

Datum read_text(ValueReader &reader, const JsonbValue &json) {
    StringInfoData text;
    initStringInfo(&text);
    append_text(&text, reader, json);
    const Datum value = InputFunctionCall(&reader.input, text.data, reader.io_parameter, reader.typmod);
    pfree(text.data);
    return value;
}

/// Sets `value` if the JSON holds it in the form that PostgreSQL has of the type, so that no text is needed.
bool read_directly(const ValueReader &reader, const JsonbValue &json, Datum *value) {
    const bool is_number = json.type == jbvNumeric;
    switch (reader.type) {
    case BOOLOID:
        *value = BoolGetDatum(json.val.boolean);
        return json.type == jbvBool;
    case INT4OID:
        return is_number &&
               (*value = DirectFunctionCall1(numeric_int4, NumericGetDatum(json.val.numeric)), true);
    case INT8OID:
        return is_number &&
               (*value = DirectFunctionCall1(numeric_int8, NumericGetDatum(json.val.numeric)), true);
    case TEXTOID:
        return json.type == jbvString &&
               (*value = PointerGetDatum(cstring_to_text_with_len(json.val.string.val, json.val.string.len)),
                true);
    default:
        return false;
    }
}

} // namespace

ValueReader make_value_reader(Form_pg_attribute attribute) {
    ValueReader reader = make_reader(attribute->atttypid, attribute->atttypmod);
    reader.is_not_null = attribute->attnotnull;
    return reader;
}

Datum read_value(ValueReader &reader, const JsonbValue *json, bool *is_null) {
    // The JSON of a null and of the JSON value null are alike.
    const bool may_be_null = !(reader.form == Form::json && reader.is_not_null);
    *is_null = json == nullptr || (json->type == jbvNull && may_be_null);
    Datum value{};
    if (!*is_null && !read_directly(reader, *json, &value))
        value = read_text(reader, *json);
    return value;
}

} // namespace bemi::history
