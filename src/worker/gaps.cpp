#include "worker/gaps.hpp"

#include "base/lsn.hpp"
#include "base/transaction.hpp"
#include "store/server_rows.hpp"

namespace bemi::worker::gaps {
namespace {

// A gap that was acknowledged before its end was known has to be acknowledged again. Gaps that came with a
// restored dump have the system identifier of another server.
constexpr char note_sql[] = // with the WHERE clause of bemi.progress
    "WITH ended AS ("
    "  UPDATE bemi.gaps SET to_position = $3, to_time = now(), acknowledged_at = NULL, acknowledged_by = NULL"
    "  WHERE system_identifier = $1 AND to_position IS NULL AND $3 IS NOT NULL RETURNING id)"
    " INSERT INTO bemi.gaps"
    " (system_identifier, from_position, to_position, from_time, to_time, reason, role)"
    " SELECT $1, $2, $3, (SELECT max(committed_at) FROM bemi.progress%s),"
    "  CASE WHEN $3 IS NOT NULL THEN now() END, $4, $5"
    " WHERE NOT EXISTS (SELECT FROM ended)"
    " ON CONFLICT (system_identifier) WHERE to_position IS NULL DO NOTHING";

} // namespace

void note(const Gap &gap) {
    ereport(LOG, (errmsg("changes of database \"%s\" from %s on are lost: %s",
                         get_database_name(MyDatabaseId), lsn_text(gap.from), gap.reason),
                  errdetail("Storing goes on from %s.",
                            XLogRecPtrIsInvalid(gap.to) ? "bemi.start()" : lsn_text(gap.to)),
                  errhidestmt(true)));
    spi::Argument end = spi::lsn(gap.to);
    end.is_null = XLogRecPtrIsInvalid(gap.to);
    spi::run(psprintf(note_sql, store::server_rows::condition()),
             {spi::server(), spi::lsn(gap.from), end, spi::text(gap.reason), spi::text(gap.role)});
}

void add(const Gap &gap) {
    in_owners_transaction([&gap] { note(gap); });
}

bool has_open() {
    bool found = false;
    in_owners_transaction([&found] {
        spi::run("SELECT FROM bemi.gaps WHERE to_position IS NULL AND system_identifier = $1",
                 {spi::server()});
        found = SPI_processed > 0;
    });
    return found;
}

void acknowledge(int64 id, const char *role) {
    spi::run("UPDATE bemi.gaps SET acknowledged_at = coalesce(acknowledged_at, now()),"
             " acknowledged_by = coalesce(acknowledged_by, $2) WHERE id = $1",
             {spi::integer(id), spi::text(role)});
    if (SPI_processed == 0)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("gap %lld does not exist", static_cast<long long>(id)),
                        errhint("Look for its id in bemi.gaps.")));
}

} // namespace bemi::worker::gaps
