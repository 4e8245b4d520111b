#include "value.hpp"

#include "text.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

using Kind = ValuePlan::Kind;

/// The cast from `type` to json, as to_jsonb looks for it, if it can be called while decoding: a function in
/// C can, one in SQL or a procedural language would need a snapshot of now.
Oid callable_cast_to_json(Oid type) {
    Oid function = InvalidOid;
    if (type < FirstNormalObjectId ||
        find_coercion_pathway(JSONOID, type, COERCION_EXPLICIT, &function) != COERCION_PATH_FUNC)
        return InvalidOid;

    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple))
        return InvalidOid;
    const Oid language = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->prolang;
    ReleaseSysCache(tuple);
    return language == INTERNALlanguageId || language == ClanguageId ? function : InvalidOid;
}

/// The kinds that are known by the type alone; `output` for all others.
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

RowTypePlan *plan_row_type(Oid type) {
    check_stack_depth();
    auto *plan = static_cast<RowTypePlan *>(palloc(sizeof(RowTypePlan)));
    plan->descriptor = lookup_rowtype_tupdesc_copy(type, -1);

    auto *columns = static_cast<ColumnPlan *>(palloc(sizeof(ColumnPlan) * plan->descriptor->natts));
    size_t count = 0;
    for (int i = 0; i < plan->descriptor->natts; i++) {
        Form_pg_attribute attribute = TupleDescAttr(plan->descriptor, i);
        if (!attribute->attisdropped)
            columns[count++] = plan_column(attribute);
    }
    plan->columns = {columns, count};
    return plan;
}

void plan_function(ValuePlan &plan, Kind kind, Oid function) {
    plan.kind = kind;
    fmgr_info_cxt(function, &plan.function, CurrentMemoryContext);
}

/// For a type that is not one of the built-in kinds.
void plan_other(ValuePlan &plan, Oid type) {
    if (const Oid element = get_element_type(type); OidIsValid(element)) {
        plan.kind = Kind::array;
        plan.element = static_cast<ValuePlan *>(palloc(sizeof(ValuePlan)));
        *plan.element = plan_value(element);
    } else if (type_is_rowtype(type)) {
        plan.kind = Kind::composite;
        plan.composite = plan_row_type(type);
    } else if (const Oid cast = callable_cast_to_json(type); OidIsValid(cast)) {
        plan_function(plan, Kind::cast_to_json, cast);
    } else {
        Oid output;
        bool is_varlena;
        getTypeOutputInfo(type, &output, &is_varlena);
        plan_function(plan, Kind::output, output);
    }
}

std::string_view json_key(const char *name) {
    return json_text([name](JsonWriter &out) {
        out.raw(',');
        out.string(name);
        out.raw(':');
    });
}

} // namespace

ValuePlan plan_value(Oid type) {
    type = getBaseType(type);
    ValuePlan plan{};
    get_typlenbyvalalign(type, &plan.length, &plan.by_value, &plan.alignment);
    plan.kind = kind_of_builtin(type);
    if (plan.kind == Kind::output)
        plan_other(plan, type);
    return plan;
}

ColumnPlan plan_column(Form_pg_attribute attribute) {
    return {.key = json_key(NameStr(attribute->attname)),
            .tail = "",
            .index = attribute->attnum - 1,
            .value = plan_value(attribute->atttypid)};
}

bool uses_settings(const ValuePlan &plan) {
    switch (plan.kind) {
    case Kind::array:
        return uses_settings(*plan.element);
    case Kind::composite:
        return std::any_of(plan.composite->columns.begin(), plan.composite->columns.end(),
                           [](const ColumnPlan &column) { return uses_settings(column.value); });
    case Kind::cast_to_json:
    case Kind::output:
        return true;
    default:
        return false;
    }
}

bool uses_row_type(const ValuePlan &plan) {
    return plan.kind == Kind::composite || (plan.kind == Kind::array && uses_row_type(*plan.element));
}

} // namespace bemi::decode
