#include "base/baselines.hpp"

#include "base/names.hpp"
#include "base/spi.hpp"
#include "base/table_watch.hpp"

namespace bemi::baselines {
namespace {

constexpr char request_sql[] =
    "INSERT INTO bemi.baselines (system_identifier, database, relation, requested_by)"
    " SELECT $1, d.oid, $2::oid, $3 FROM pg_catalog.pg_database d"
    " WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()";
// One that has failed waits longer each time, but at most five minutes.
constexpr char next_sql[] =
    "SELECT id, relation, coalesce(filenode, 0), next_block, next_row, rows_stored, is_due, coalesce(since, "
    "0) FROM ("
    "  SELECT *, attempts = 0 OR failed_at + least(attempts, 30) * interval '10 s' <= now() AS is_due"
    "  FROM bemi.baselines WHERE system_identifier = $1 AND database = $2::oid AND finished_at IS NULL) AS r"
    " ORDER BY is_due DESC, id <= $3, id LIMIT 1";
constexpr char advance_sql[] = "UPDATE bemi.baselines SET filenode = $2::oid, next_block = $3, next_row = "
                               "$4, rows_stored = $5, blocks = $6, since = $8,"
                               "  finished_at = CASE WHEN $7 THEN now() END, attempts = 0, failed_at = NULL, "
                               "sqlstate = NULL, error = NULL"
                               " WHERE id = $1";

// Positions and OIDs of elsewhere say nothing here, but a table has kept its name.
constexpr char again_sql[] =
    "INSERT INTO bemi.baselines (system_identifier, database, relation, requested_by)"
    " SELECT $1, $2::oid, $3::oid, b.requested_by FROM bemi.baselines b"
    " WHERE CASE WHEN b.system_identifier = $1 AND b.database = $2::oid THEN b.relation = $3::oid"
    "       ELSE EXISTS (SELECT FROM bemi.shapes s"
    "        WHERE s.system_identifier = b.system_identifier AND s.database = b.database"
    "         AND s.relation = b.relation AND s.schema = $4 AND s.\"table\" = $5) END"
    "  AND (b.finished_at IS NULL OR b.sqlstate IS NULL)"
    "  AND NOT EXISTS (SELECT FROM bemi.baselines o WHERE o.system_identifier = $1 AND o.database = $2::oid"
    "   AND o.relation = $3::oid AND o.finished_at IS NULL)"
    " ORDER BY b.id DESC LIMIT 1";

constinit TableWatch watch;

} // namespace

void request(Oid relation) {
    const Oid requests = names::own_relation("baselines");
    if (!OidIsValid(requests)) // an older script of the extension made none
        return;
    const char *role = GetUserNameFromId(GetUserId(), false);
    spi::run_as_owner(request_sql, {spi::server(), spi::oid(relation), spi::text(role)});
    CacheInvalidateRelcacheByRelid(requests);
}

void request_again(Oid relation, const char *schema, const char *table) {
    const Oid requests = names::own_relation("baselines");
    if (!OidIsValid(requests))
        return;
    spi::run(again_sql, {spi::server(), spi::oid(MyDatabaseId), spi::oid(relation), spi::text(schema),
                         spi::text(table)});
    if (SPI_processed > 0)
        CacheInvalidateRelcacheByRelid(requests);
}

bool next(int64 previous, Request &request, bool &any_left) {
    any_left = false;
    watch.begin();
    const Oid table = names::own_relation("baselines");
    watch.set_table(table);
    if (!OidIsValid(table))
        return false;
    spi::run(next_sql, {spi::server(), spi::oid(MyDatabaseId), spi::integer(previous)});
    any_left = SPI_processed > 0;
    if (!any_left || !DatumGetBool(spi::value(7)))
        return false;
    request = {.id = DatumGetInt64(spi::value(1)),
               .relation = DatumGetObjectId(spi::value(2)),
               .filenode = DatumGetObjectId(spi::value(3)),
               .since = DatumGetInt64(spi::value(8)),
               .next_block = static_cast<BlockNumber>(DatumGetInt64(spi::value(4))),
               .next_row = static_cast<OffsetNumber>(DatumGetInt32(spi::value(5))),
               .rows = DatumGetInt64(spi::value(6))};
    return true;
}

void advance(const Request &request, BlockNumber blocks, bool is_finished) {
    spi::run(advance_sql,
             {spi::integer(request.id), spi::oid(request.filenode), spi::integer(request.next_block),
              spi::integer(request.next_row), spi::integer(request.rows), spi::integer(blocks),
              spi::boolean(is_finished), spi::integer(request.since)});
}

void begin_again(int64 id) {
    spi::run("UPDATE bemi.baselines SET filenode = NULL WHERE id = $1", {spi::integer(id)});
}

void give_up(int64 id, const char *reason) {
    spi::run("UPDATE bemi.baselines SET finished_at = now(), sqlstate = $2, error = $3 WHERE id = $1",
             {spi::integer(id), spi::text(unpack_sql_state(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE)),
              spi::text(reason)});
}

void fail(int64 id, const ErrorData &error) {
    spi::run("UPDATE bemi.baselines SET attempts = attempts + 1, failed_at = now(), sqlstate = $2, error = $3"
             " WHERE id = $1",
             {spi::integer(id), spi::text(unpack_sql_state(error.sqlerrcode)), spi::text(error.message)});
}

bool may_be_new() {
    return watch.may_have_changed();
}

} // namespace bemi::baselines
