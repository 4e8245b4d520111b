#include "store/shapes.hpp"

#include "base/spi.hpp"
#include "store/server_rows.hpp"

namespace bemi::store::shapes {
namespace {

// Two shapes without a change between them have the position in common: the later one counts.
constexpr char note_sql[] =
    "INSERT INTO bemi.shapes AS s (system_identifier, database, relation, root, schema, \"table\", columns, "
    "key,"
    "  from_position, from_sequence, from_time)"
    " SELECT $1, $2, n.*, $4, $5, $6"
    " FROM jsonb_to_record($3) AS n (relation oid, root oid, schema text, \"table\" text, columns jsonb, key "
    "text[])"
    " WHERE NOT EXISTS ("
    "  SELECT FROM ("
    "   SELECT root, schema, \"table\", columns, key FROM bemi.shapes"
    "   WHERE system_identifier = $1 AND database = $2 AND relation = n.relation"
    "   ORDER BY from_position DESC, from_sequence DESC LIMIT 1) AS l"
    "  WHERE (l.root, l.schema, l.\"table\", l.columns) = (n.root, n.schema, n.\"table\", n.columns)"
    "   AND l.key IS NOT DISTINCT FROM n.key)"
    " ON CONFLICT (system_identifier, database, relation, from_position, from_sequence) DO UPDATE"
    "  SET root = excluded.root, schema = excluded.schema, \"table\" = excluded.\"table\","
    "   columns = excluded.columns, key = excluded.key";

} // namespace

void note(const decode::TableRecord &table) {
    static constinit SPIPlanPtr plan = nullptr;
    constexpr Oid types[] = {INT8OID, OIDOID, JSONBOID, INT8OID, INT8OID, TIMESTAMPTZOID};
    if (plan == nullptr)
        plan = spi::prepare(note_sql, types);
    Datum values[] = {server_rows::server().value,
                      ObjectIdGetDatum(MyDatabaseId),
                      DirectFunctionCall1(jsonb_in, CStringGetDatum(table.state)),
                      Int64GetDatum(static_cast<int64>(table.commit_position)),
                      Int64GetDatum(static_cast<int64>(table.sequence)),
                      TimestampTzGetDatum(table.committed_at)};
    spi::execute(plan, values);
}

} // namespace bemi::store::shapes
