#include "store/progress.hpp"

#include "attested.hpp"
#include "base/names.hpp"
#include "base/transaction.hpp"
#include "decode/timeline.hpp"
#include "store/server_rows.hpp"
#include "wire.hpp"

namespace bemi::store::progress {
namespace {

constexpr char advance_sql[] = // with the WHERE clause
    "UPDATE bemi.progress SET position = coalesce(nullif($1, '0/0'), position),"
    " changes = changes + $2, committed_at = $3, stored_at = now(), timeline = coalesce(nullif($4, 0), "
    "timeline),"
    " latest_commit = greatest(latest_commit, $5), max_skew = greatest(max_skew, latest_commit - $6, $7),"
    " part_of = nullif($8, '0/0'), part_sequence = CASE WHEN $8 <> '0/0' THEN $9 END%s";

int64 timeline_at(XLogRecPtr position) {
    return decode::timeline_of(position).id;
}

void require_row() {
    if (SPI_processed != 1)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("table \"bemi.progress\" has no row of this server and database")));
}

} // namespace

Progress find() {
    spi::run(psprintf("SELECT position, timeline, coalesce(part_of, '0/0'), coalesce(part_sequence, 0)"
                      " FROM bemi.progress%s",
                      server_rows::condition()));
    if (SPI_processed != 1)
        return {};
    return {.position = DatumGetLSN(spi::value(1)),
            .timeline = static_cast<TimeLineID>(DatumGetInt64(spi::value(2))),
            .part = {.commit_position = DatumGetLSN(spi::value(3)),
                     .sequence = static_cast<uint64>(DatumGetInt64(spi::value(4)))}};
}

Progress read() {
    Progress progress{};
    in_owners_transaction([&progress] { progress = find(); });
    return progress;
}

Start start() {
    static constinit SPIPlanPtr plan = nullptr;
    if (plan == nullptr)
        plan = spi::prepare(
            psprintf("SELECT from_position, from_time FROM bemi.progress%s", server_rows::condition()), {});
    spi::execute(plan, nullptr);
    require_row();
    return {.position = DatumGetLSN(spi::value(1)), .time = DatumGetTimestampTz(spi::value(2))};
}

void begin(const Start &start) {
    in_owners_transaction([start] {
        log_attested_message(store_prefix, "");
        spi::run("INSERT INTO bemi.progress"
                 " (system_identifier, database, timeline, position, from_position, from_time)"
                 " VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT (system_identifier, database)"
                 " DO UPDATE SET timeline = excluded.timeline, position = excluded.position,"
                 "  from_position = excluded.from_position, from_time = excluded.from_time,"
                 "  part_of = NULL, part_sequence = NULL",
                 {spi::server(), spi::oid(MyDatabaseId), spi::integer(timeline_at(start.position)),
                  spi::lsn(start.position), spi::timestamp(start.time)});
    });
}

void set(XLogRecPtr position) {
    in_owners_transaction([position] {
        log_attested_message(store_prefix, "");
        move(position);
    });
}

void move(XLogRecPtr position) {
    spi::run(psprintf("UPDATE bemi.progress SET position = $1, timeline = $2%s", server_rows::condition()),
             {spi::lsn(position), spi::integer(timeline_at(position))});
    require_row();
}

void advance(XLogRecPtr position, const Part &part, uint64 changes, const CommitTimes &commits) {
    static constinit SPIPlanPtr plan = nullptr;
    constexpr Oid types[] = {LSNOID,         INT8OID,     TIMESTAMPTZOID, INT8OID, TIMESTAMPTZOID,
                             TIMESTAMPTZOID, INTERVALOID, LSNOID,         INT8OID};
    if (plan == nullptr)
        plan = spi::prepare(psprintf(advance_sql, server_rows::condition()), types);
    Interval skew{};
    skew.time = commits.max_skew();
    Datum values[] = {LSNGetDatum(position),
                      Int64GetDatum(static_cast<int64>(changes)),
                      TimestampTzGetDatum(commits.last()),
                      Int64GetDatum(XLogRecPtrIsInvalid(position) ? 0 : timeline_at(position)),
                      TimestampTzGetDatum(commits.latest()),
                      TimestampTzGetDatum(commits.earliest()),
                      IntervalPGetDatum(&skew),
                      LSNGetDatum(part.commit_position),
                      Int64GetDatum(static_cast<int64>(part.sequence))};
    spi::execute(plan, values);
    require_row();
}

void forget() {
    bool is_installed = false;
    in_transaction([&is_installed] { is_installed = OidIsValid(names::installed_relation("progress")); });
    if (is_installed)
        in_owners_transaction(
            [] { spi::run(psprintf("DELETE FROM bemi.progress%s", server_rows::condition())); });
}

} // namespace bemi::store::progress
