#include "store/shapes.hpp"

#include "base/spi.hpp"
#include "store/jsonb.hpp"

namespace bemi::store::shapes {
namespace {

// %s selects the new shape, n. Two shapes without a change between them have the position in common: the
// later one counts.
constexpr char insert_sql[] =
    "WITH l AS ("
    "  SELECT root, schema, \"table\", columns, key FROM bemi.shapes"
    "  WHERE system_identifier = $1 AND database = $2 AND relation = $3"
    "  ORDER BY from_position DESC, from_sequence DESC LIMIT 1)"
    " INSERT INTO bemi.shapes (system_identifier, database, relation, root, schema, \"table\", columns, key,"
    "  from_position, from_sequence, from_time)"
    " SELECT $1, $2, $3, n.root, n.schema, n.\"table\", n.columns, n.key, $4, $5, $6"
    " FROM %s LEFT JOIN l ON true"
    " WHERE (l.root, l.schema, l.\"table\", l.columns, l.key)"
    "  IS DISTINCT FROM (n.root, n.schema, n.\"table\", n.columns, n.key)"
    " ON CONFLICT (system_identifier, database, relation, from_position, from_sequence) DO UPDATE"
    "  SET root = excluded.root, schema = excluded.schema, \"table\" = excluded.\"table\","
    "   columns = excluded.columns, key = excluded.key";
constexpr char seen_sql[] =
    "(SELECT r.root, r.schema, r.\"table\", r.key, bemi.columns_with_first_values(r.columns, l.columns) AS "
    "columns"
    " FROM jsonb_to_record($7) AS r (root oid, schema text, \"table\" text, columns jsonb, key text[])"
    " LEFT JOIN l ON true) AS n";
constexpr char dropped_sql[] = "(SELECT $3 AS root, schema, \"table\", columns, key FROM l) AS n";

SPIPlanPtr prepare(const char *source, std::span<const Oid> types) {
    return spi::prepare(psprintf(insert_sql, source), types);
}

} // namespace

Oid last_root(Oid relation) {
    static constinit SPIPlanPtr plan = nullptr;
    constexpr Oid types[] = {INT8OID, OIDOID, OIDOID};
    if (plan == nullptr)
        plan = spi::prepare("SELECT root FROM bemi.shapes"
                            " WHERE system_identifier = $1 AND database = $2 AND relation = $3"
                            " ORDER BY from_position DESC, from_sequence DESC LIMIT 1",
                            types);
    Datum values[] = {spi::server().value, ObjectIdGetDatum(MyDatabaseId), ObjectIdGetDatum(relation)};
    spi::execute(plan, values);
    return SPI_processed == 0 ? InvalidOid : DatumGetObjectId(spi::value(1));
}

void note(const decode::TableRecord &table) {
    static constinit SPIPlanPtr seen = nullptr, dropped = nullptr;
    constexpr Oid types[] = {INT8OID, OIDOID, OIDOID, INT8OID, INT8OID, TIMESTAMPTZOID, JSONBOID};
    const bool is_dropped = table.state_json.empty();
    SPIPlanPtr &plan = is_dropped ? dropped : seen;
    if (plan == nullptr)
        plan = is_dropped ? prepare(dropped_sql, std::span(types).first(6)) : prepare(seen_sql, types);
    Datum values[] = {spi::server().value,
                      ObjectIdGetDatum(MyDatabaseId),
                      ObjectIdGetDatum(table.relation),
                      Int64GetDatum(static_cast<int64>(table.commit_position)),
                      Int64GetDatum(static_cast<int64>(table.sequence)),
                      TimestampTzGetDatum(table.committed_at),
                      is_dropped ? Datum(0) : jsonb_of(table.state_json)};
    spi::execute(plan, values);
}

} // namespace bemi::store::shapes
