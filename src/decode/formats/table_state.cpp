#include "decode/formats/table_state.hpp"

namespace bemi::decode {

namespace {

/// The partitioned table at the top that the relation is a partition of; itself if it is none.
Oid root_of(Relation relation) {
    const Oid oid = RelationGetRelid(relation);
    if (!relation->rd_rel->relispartition)
        return oid;
    List *ancestors = get_partition_ancestors(oid);
    return ancestors == NIL ? oid : llast_oid(ancestors);
}

void write_column(json::Writer &out, TupleDesc descriptor, const ColumnWriter &column) {
    const FormData_pg_attribute *attribute = TupleDescAttr(descriptor, column.index);
    out.raw(R"(,{"number":)");
    out.integer(attribute->attnum);
    out.raw(R"(,"name":)");
    out.raw(column.name());
    out.raw(R"(,"type":)");
    out.string(format_type_with_typemod(attribute->atttypid, attribute->atttypmod));
    out.raw('}');
}

void write_columns(json::Writer &out, TupleDesc descriptor, std::span<ColumnWriter> columns) {
    out.raw(R"(,"columns":)");
    out.enclosed('[', ']', [&] {
        for (const ColumnWriter &column : columns)
            write_column(out, descriptor, column);
    });
}

void write_key(json::Writer &out, std::span<ColumnWriter> key) {
    out.raw(R"(,"key":)");
    if (key.empty())
        return out.raw("null");
    out.enclosed('[', ']', [&] {
        for (const ColumnWriter &column : key) {
            out.raw(',');
            out.raw(column.name());
        }
    });
}

} // namespace

std::string_view table_state(Relation relation, const RelationEntry &entry) {
    return json::text_of([&](json::Writer &out) {
        out.raw(R"({"relation":)");
        out.integer(RelationGetRelid(relation));
        out.raw(R"(,"root":)");
        out.integer(root_of(relation));
        write_schema_name(out, entry);
        write_table_name(out, entry);
        write_columns(out, RelationGetDescr(relation), entry.columns);
        write_key(out, entry.primary_key);
        out.raw('}');
    });
}

} // namespace bemi::decode
