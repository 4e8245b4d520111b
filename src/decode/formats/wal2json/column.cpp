#include "decode/formats/wal2json/column.hpp"

#include "base/text.hpp"
#include "decode/primary_key.hpp"

#include <algorithm>

namespace bemi::decode::wal2json {

namespace {

using Kind = ValueWriter::Kind;

constexpr std::string_view value_key = ",\"value\":";

struct Type {
    Oid oid;
    int32 modifier;
};

/// The type that the domain is over, which may be a domain again; another type is returned as it is.
Type base_of_domain(Type type) {
    HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type.oid));
    if (!HeapTupleIsValid(tuple))
        return type;
    const auto *form = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple));
    if (form->typtype == TYPTYPE_DOMAIN)
        type = {.oid = form->typbasetype, .modifier = form->typtypmod};
    ReleaseSysCache(tuple);
    return type;
}

/// Whether the name is one quoted identifier and nothing else, unlike "a"."b" or "a"[].
bool is_quoted_identifier(std::string_view name) {
    if (name.size() < 2 || name.front() != '"' || name.back() != '"')
        return false;
    name = name.substr(1, name.size() - 2);
    for (size_t i = 0; i < name.size(); i++)
        if (name[i] == '"' && (++i == name.size() || name[i] != '"'))
            return false;
    return true;
}

/// Like wal2json, removes the quotes of a name that is a single quoted identifier.
void write_type_name(json::Writer &out, std::string_view name) {
    if (!is_quoted_identifier(name))
        return out.string(name);
    out.raw('"');
    for (size_t i = 1; i < name.size() - 1; i++) {
        out.escaped(name.substr(i, 1));
        if (name[i] == '"') // a quote inside is doubled
            i++;
    }
    out.raw('"');
}

void write_type_of(json::Writer &out, Form_pg_attribute attribute, const Options &options) {
    Type type{.oid = attribute->atttypid, .modifier = attribute->atttypmod};
    if (is_set(options, Flag::domain_data_type))
        type = base_of_domain(type);
    write_type_name(out, format_type_with_typemod(type.oid, type.modifier));
}

void write_type(json::Writer &out, Form_pg_attribute attribute, const Options &options) {
    if (is_set(options, Flag::types)) {
        out.raw(",\"type\":");
        write_type_of(out, attribute, options);
    }
    if (is_set(options, Flag::type_oids)) {
        out.raw(",\"typeoid\":");
        out.integer(attribute->atttypid);
    }
}

/// The SQL text of a default.
const char *expression_text(Relation relation, const char *expression) {
    return text_to_cstring(DatumGetTextPP(DirectFunctionCall2(pg_get_expr, CStringGetTextDatum(expression),
                                                              ObjectIdGetDatum(RelationGetRelid(relation)))));
}

void write_default(json::Writer &out, Relation relation, Form_pg_attribute attribute) {
    if (attribute->atthasdef && attribute->attgenerated == '\0') {
        const TupleConstr *constraints = RelationGetDescr(relation)->constr;
        for (int i = 0; i < constraints->num_defval; i++)
            if (constraints->defval[i].adnum == attribute->attnum)
                return out.string(expression_text(relation, constraints->defval[i].adbin));
    }
    out.raw("null");
}

template <typename Write> std::string_view text_after_comma(Write &&write) {
    return json::text_of([&write](json::Writer &out) {
        out.raw(',');
        write(out);
    });
}

std::string_view column_head(Form_pg_attribute attribute, const Options &options) {
    return json::text_of([&](json::Writer &out) {
        out.raw(",{\"name\":");
        out.string(NameStr(attribute->attname));
        write_type(out, attribute, options);
        out.raw(value_key);
    });
}

std::string_view column_tail(Relation relation, Form_pg_attribute attribute, const Options &options) {
    return json::text_of([&](json::Writer &out) {
        if (is_set(options, Flag::not_null))
            out.raw(attribute->attnotnull ? ",\"optional\":false" : ",\"optional\":true");
        if (is_set(options, Flag::column_positions)) {
            out.raw(",\"position\":");
            out.integer(attribute->attnum);
        }
        if (is_set(options, Flag::defaults)) {
            out.raw(",\"default\":");
            write_default(out, relation, attribute);
        }
        out.raw('}');
    });
}

Kind kind_of_number(Oid type) {
    switch (type) {
    case INT2OID:
        return Kind::int2;
    case INT4OID:
        return Kind::int4;
    case INT8OID:
        return Kind::int8;
    case FLOAT4OID:
    case FLOAT8OID:
    case NUMERICOID:
    case OIDOID:
        return Kind::number;
    default:
        return Kind::output;
    }
}

/// Decided by the type itself: wal2json does not write a domain over a number as a number.
Kind kind_of(Oid type, bool numbers_as_strings) {
    switch (type) {
    case BOOLOID:
        return Kind::boolean;
    case BYTEAOID:
        return Kind::hex;
    case UUIDOID:
        return Kind::uuid;
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case JSONOID:
        return Kind::text;
    default:
        return numbers_as_strings ? Kind::output : kind_of_number(type);
    }
}

ValueWriter make_text_writer(Oid type, bool numbers_as_strings) {
    ValueWriter writer{};
    writer.kind = kind_of(type, numbers_as_strings);
    get_typlenbyvalalign(type, &writer.length, &writer.by_value, &writer.alignment);
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(type, &output, &is_varlena);
    fmgr_info_cxt(output, &writer.function, CurrentMemoryContext);
    if (writer.kind == Kind::output)
        writer.risk = risk_of_output(type, output);
    return writer;
}

} // namespace

ColumnWriter make_version_2_column(Relation relation, Form_pg_attribute attribute, const Options &options) {
    return {.key = column_head(attribute, options),
            .tail = column_tail(relation, attribute, options),
            .index = attribute->attnum - 1,
            .value = make_text_writer(attribute->atttypid, is_set(options, Flag::numbers_as_strings))};
}

ColumnWriter make_version_1_column(Relation, Form_pg_attribute attribute, const Options &options) {
    return {.key = text_after_comma([&](json::Writer &out) { out.string(NameStr(attribute->attname)); }),
            .tail = text_after_comma([&](json::Writer &out) { write_type_of(out, attribute, options); }),
            .index = attribute->attnum - 1,
            .value = make_text_writer(attribute->atttypid, is_set(options, Flag::numbers_as_strings))};
}

std::string_view names_of(const RelationEntry &entry, const Options &options) {
    return json::text_of([&](json::Writer &out) {
        if (is_set(options, Flag::schemas))
            write_schema_name(out, entry);
        write_table_name(out, entry);
    });
}

std::span<ColumnWriter> primary_key_columns(Relation relation, std::span<ColumnWriter> columns) {
    const std::span<ColumnWriter> key = key_columns(compat::primary_key_index(relation), columns);
    std::sort(key.begin(), key.end(),
              [](const ColumnWriter &a, const ColumnWriter &b) { return a.index < b.index; });
    return key;
}

Dependencies dependencies_of(const Options &options) {
    return {.type_names = true, .expressions = is_set(options, Flag::defaults)};
}

std::string_view without_value(const ColumnWriter &column) {
    return column.key.substr(0, column.key.size() - value_key.size());
}

} // namespace bemi::decode::wal2json
