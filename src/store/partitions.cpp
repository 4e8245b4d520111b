#include "store/partitions.hpp"

#include "base/names.hpp"
#include "base/transaction.hpp"
#include "guc.hpp"

namespace bemi::store::partitions {
namespace {

struct Range {
    TimestampTz from;
    TimestampTz to;

    [[nodiscard]] bool has(TimestampTz time) const { return time >= from && time < to; }
};

// The range of the partition of the last change, most probably that of the next one too. Should somebody drop
// the partition, storing fails once and starts again.
constinit Range latest{0, 0};

TimestampTz time_column(int column) {
    return DatumGetTimestampTz(spi::value(column));
}

bool find(TimestampTz time) {
    spi::run("SELECT from_time, to_time FROM bemi.partitions WHERE $1 >= from_time AND $1 < to_time",
             {spi::timestamp(time)});
    if (SPI_processed == 0)
        return false;
    latest = {time_column(1), time_column(2)};
    return true;
}

// The range is the day, month ... of the time in UTC, without what other partitions cover. The name is the
// next one that is free, because somebody may have detached a partition or taken the name for something else.
// Each partition has the indexes, not bemi.changes: a dump creates the indexes of partitions, and would fail
// where ATTACH PARTITION has created them before.
constexpr char range_sql[] =
    "WITH range (f, t) AS (SELECT"
    "  greatest(date_trunc($2, $1), (SELECT max(to_time) FROM bemi.partitions WHERE to_time <= $1)),"
    "  least(date_trunc($2, $1) + $3::interval,"
    "   (SELECT min(from_time) FROM bemi.partitions WHERE from_time > $1)))"
    " SELECT f, t, name, quote_literal(f), quote_literal(t),"
    "  (SELECT string_agg(format(statement, name), ' ') FROM bemi.partition_indexes)"
    " FROM range, generate_series(0, 999) AS n,"
    "  concat_ws('_', to_char(f, '\"bemi.changes_\"YYYY_MM_DD'), nullif(n, 0)) AS name"
    " WHERE to_regclass(name) IS NULL AND to_regtype(name) IS NULL"
    " ORDER BY n LIMIT 1";

struct Interval {
    const char *unit;
    const char *length;
};

Interval interval() {
    switch (static_cast<guc::PartitionInterval>(guc::partition_interval)) {
    case guc::interval_day:
        return {"day", "1 day"};
    case guc::interval_week:
        return {"week", "1 week"};
    case guc::interval_month:
        return {"month", "1 month"};
    case guc::interval_quarter:
        return {"quarter", "3 months"};
    case guc::interval_year:
        return {"year", "1 year"};
    }
    pg_unreachable();
}

const char *text_column(int column) {
    return TextDatumGetCString(spi::value(column));
}

/// The default partition, which only somebody else can have attached; invalid if there is none.
Oid default_partition() {
    return get_default_partition_oid(changes());
}

/// If the default partition has changes of the range, PostgreSQL attaches no partition for it.
bool is_in_default_partition(const Range &range) {
    const Oid partition = default_partition();
    if (!OidIsValid(partition))
        return false;
    spi::run(psprintf("SELECT FROM %s WHERE committed_at >= $1 AND committed_at < $2 LIMIT 1",
                      names::qualified(partition)),
             {spi::timestamp(range.from), spi::timestamp(range.to)});
    return SPI_processed > 0;
}

/// Attaches the finished partition at the end: CREATE TABLE ... PARTITION OF would block every reader of
/// bemi.changes.
void make(TimestampTz time) {
    const Interval wanted = interval();
    spi::run(range_sql, {spi::timestamp(time), spi::text(wanted.unit), spi::text(wanted.length)});
    if (SPI_processed == 0)
        ereport(ERROR, (errcode(ERRCODE_DUPLICATE_TABLE),
                        errmsg("no name is left for a partition of table \"bemi.changes\""),
                        errhint("Rename tables and types in schema \"bemi\" that are called \"changes_...\" "
                                "and are no partitions.")));
    latest = {time_column(1), time_column(2)};
    const char *name = text_column(3), *from = text_column(4), *to = text_column(5),
               *indexes = text_column(6);
    if (is_in_default_partition(latest))
        return;
    spi::run(psprintf("CREATE TABLE %s (LIKE bemi.changes INCLUDING CONSTRAINTS INCLUDING GENERATED"
                      " INCLUDING STORAGE INCLUDING COMPRESSION)",
                      name));
    spi::run(indexes);
    spi::run(psprintf("ALTER TABLE bemi.changes ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)", name, from,
                      to));
}

bool is_there(TimestampTz time) {
    return latest.has(time) || find(time);
}

/// Takes the locks that make() needs, if that needs no waiting.
bool lock_to_make() {
    const Oid others = default_partition();
    return ConditionalLockRelationOid(changes(), ShareUpdateExclusiveLock) &&
           (!OidIsValid(others) || ConditionalLockRelationOid(others, AccessExclusiveLock));
}

} // namespace

Oid changes() {
    return names::own_relation("changes");
}

void ensure(TimestampTz time) {
    if (!is_there(time))
        make(time);
}

void forget() {
    latest = {0, 0};
}

void make_ahead() {
    constexpr int count = 2; // the present one and the next
    forget();
    in_owners_transaction([] {
        TimestampTz time = GetCurrentTimestamp();
        for (int i = 0; i < count && !TIMESTAMP_NOT_FINITE(time); i++) {
            if (!is_there(time)) {
                if (!lock_to_make())
                    return;
                make(time);
            }
            time = latest.to;
        }
    });
}

} // namespace bemi::store::partitions
