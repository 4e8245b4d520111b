#include "decode/values/value_writer.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

using Kind = ValueWriter::Kind;
using Risk = ValueWriter::Risk;

/// Whether the function is hstore's own cast to json. A name proves nothing: any role can create a cast to
/// json for a type of its own and add the type to an extension that it owns. Only a superuser can create a
/// function in C.
bool is_cast_of_hstore(Oid function, Oid type) {
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple))
        return false;
    const auto *form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    bool is_null;
    const Datum symbol = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &is_null);
    const bool matches = form->prolang == ClanguageId && form->prorettype == JSONOID && form->pronargs == 1 &&
                         form->proargtypes.values[0] == type && !is_null &&
                         strcmp(TextDatumGetCString(symbol), "hstore_to_json") == 0;
    ReleaseSysCache(tuple);
    return matches;
}

/// Whether the object belongs to an extension named hstore.
bool belongs_to_hstore(Oid catalog, Oid object) {
    const Oid extension = getExtensionOfObject(catalog, object);
    const char *name = OidIsValid(extension) ? get_extension_name(extension) : nullptr;
    return name != nullptr && strcmp(name, "hstore") == 0;
}

/// The function of the cast from `type` to json, which to_jsonb would call too; InvalidOid unless the
/// function is known to be safe. Any other cast may run SQL, which has no snapshot here, or code of an
/// arbitrary role.
Oid safe_cast_to_json(Oid type) {
    HeapTuple tuple = SearchSysCache2(CASTSOURCETARGET, ObjectIdGetDatum(type), ObjectIdGetDatum(JSONOID));
    if (!HeapTupleIsValid(tuple))
        return InvalidOid;
    const Oid function = reinterpret_cast<Form_pg_cast>(GETSTRUCT(tuple))->castfunc;
    ReleaseSysCache(tuple);
    const bool is_hstore = OidIsValid(function) && is_cast_of_hstore(function, type) &&
                           belongs_to_hstore(ProcedureRelationId, function) &&
                           belongs_to_hstore(TypeRelationId, type);
    return is_hstore ? function : InvalidOid;
}

/// The kind of a built-in type; Kind::output for all other types.
Kind kind_of_builtin(Oid type) {
    switch (type) {
    case BOOLOID:
        return Kind::boolean;
    case INT2OID:
        return Kind::int2;
    case INT4OID:
        return Kind::int4;
    case INT8OID:
        return Kind::int8;
    case FLOAT4OID:
        return Kind::float4;
    case FLOAT8OID:
        return Kind::float8;
    case NUMERICOID:
        return Kind::numeric;
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
        return Kind::text;
    case JSONOID:
        return Kind::json;
    case JSONBOID:
        return Kind::jsonb;
    case DATEOID:
        return Kind::date;
    case TIMESTAMPOID:
        return Kind::timestamp;
    case TIMESTAMPTZOID:
        return Kind::timestamptz;
    case UUIDOID:
        return Kind::uuid;
    case BYTEAOID:
        return Kind::bytea;
    default:
        return Kind::output;
    }
}

/// Finds the writer of the row type in the list of the outermost one, or adds it there.
RowTypeWriter *row_type_writer(Oid type, RowTypeWriter *outer) {
    for (RowTypeWriter *writer = outer == nullptr ? nullptr : outer->outermost; writer != nullptr;
         writer = writer->next)
        if (writer->type == type)
            return writer;
    auto *writer = static_cast<RowTypeWriter *>(palloc0(sizeof(RowTypeWriter)));
    writer->type = type;
    writer->outermost = outer == nullptr ? writer : outer->outermost;
    if (outer != nullptr) {
        writer->next = outer->outermost->next;
        outer->outermost->next = writer;
    }
    return writer;
}

void use_function(ValueWriter &writer, Kind kind, Oid function, Risk risk) {
    writer.kind = kind;
    writer.risk = risk;
    fmgr_info_cxt(function, &writer.function, CurrentMemoryContext);
}

/// Completes the writer of a type that kind_of_builtin() does not know.
void set_kind_of_other(ValueWriter &writer, Oid type, RowTypeWriter *outer) {
    if (const Oid element = get_element_type(type); OidIsValid(element)) {
        writer.kind = Kind::array;
        writer.element = static_cast<ValueWriter *>(palloc(sizeof(ValueWriter)));
        *writer.element = make_value_writer(element, outer);
        writer.risk = writer.element->risk;
    } else if (type_is_rowtype(type)) {
        writer.kind = Kind::composite;
        writer.risk = Risk::foreign_code; // its columns are not known yet
        writer.composite = row_type_writer(type, outer);
    } else if (const Oid cast = safe_cast_to_json(type); OidIsValid(cast)) {
        use_function(writer, Kind::cast_to_json, cast, Risk::error);
    } else {
        Oid output;
        bool is_varlena;
        getTypeOutputInfo(type, &output, &is_varlena);
        use_function(writer, Kind::output, output, risk_of_output(type, output));
    }
}

std::string_view json_key(const char *name) {
    return json::text_of([name](json::Writer &out) {
        out.raw(',');
        out.string(name);
        out.raw(':');
    });
}

} // namespace

ValueWriter make_value_writer(Oid type, RowTypeWriter *outer) {
    type = getBaseType(type);
    ValueWriter writer{};
    get_typlenbyvalalign(type, &writer.length, &writer.by_value, &writer.alignment);
    writer.kind = kind_of_builtin(type);
    if (writer.kind == Kind::output)
        set_kind_of_other(writer, type, outer);
    return writer;
}

ColumnWriter make_column_writer(Form_pg_attribute attribute, RowTypeWriter *outer) {
    return {.key = json_key(NameStr(attribute->attname)),
            .tail = "",
            .index = attribute->attnum - 1,
            .value = make_value_writer(attribute->atttypid, outer)};
}

void load_columns(RowTypeWriter &writer) {
    if (writer.descriptor != nullptr)
        return;
    MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(&writer));
    TupleDesc descriptor = lookup_rowtype_tupdesc_copy(writer.type, -1);
    auto *columns = static_cast<ColumnWriter *>(palloc(sizeof(ColumnWriter) * descriptor->natts));
    size_t count = 0;
    for (int i = 0; i < descriptor->natts; i++) {
        Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
        if (!attribute->attisdropped)
            columns[count++] = make_column_writer(attribute, &writer);
    }
    writer.columns = {columns, count};
    writer.descriptor = descriptor;
    MemoryContextSwitchTo(caller);
}

ValueWriter::Risk risk_of_output(Oid type, Oid function) {
    // Decided by the type and not by the function: array_out, range_out and record_out are built in, but call
    // the output functions of other types.
    const bool is_builtin = type < FirstNormalObjectId || function == F_ENUM_OUT;
    return is_builtin ? Risk::error : Risk::foreign_code;
}

bool uses_settings(const ValueWriter &writer) {
    switch (writer.kind) {
    case Kind::array:
        return uses_settings(*writer.element);
    case Kind::composite: // one of its columns may
    case Kind::cast_to_json:
    case Kind::output:
        return true;
    default:
        return false;
    }
}

bool uses_row_type(const ValueWriter &writer) {
    return writer.kind == Kind::composite || (writer.kind == Kind::array && uses_row_type(*writer.element));
}

} // namespace bemi::decode
