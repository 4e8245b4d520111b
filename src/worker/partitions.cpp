#include "partitions.hpp"

#include "guc.hpp"
#include "transaction.hpp"

namespace bemi::partitions {
namespace {

struct Range {
    TimestampTz from;
    TimestampTz to;

    [[nodiscard]] bool has(TimestampTz time) const { return time >= from && time < to; }
};

// That of the last change, most probably of the next one too. Should somebody drop the partition, storing
// fails once and begins anew.
constinit Range latest{0, 0};

TimestampTz time_column(int column) {
    bool is_null;
    return DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &is_null));
}

bool find(TimestampTz time) {
    spi::run("SELECT from_time, to_time FROM bemi.partitions WHERE $1 >= from_time AND $1 < to_time",
             {spi::timestamp(time)});
    if (SPI_processed == 0)
        return false;
    latest = {time_column(1), time_column(2)};
    return true;
}

// A month in UTC, less what other partitions have of it. The indexes are those of the partitions, not of
// bemi.changes, because a restored dump brings them along: what ATTACH PARTITION had made by then would be in
// the way.
constexpr char plan_sql[] =
    "SELECT name, quote_literal(f), quote_literal(t),"
    "  (SELECT string_agg(format(statement, name), ' ') FROM bemi.partition_indexes)"
    " FROM (SELECT greatest(date_trunc('month', $1),"
    "   (SELECT max(to_time) FROM bemi.partitions WHERE to_time <= $1)),"
    "  least(date_trunc('month', $1) + interval '1 month',"
    "   (SELECT min(from_time) FROM bemi.partitions WHERE from_time > $1))) AS range (f, t),"
    " format('bemi.%I', to_char(f, '\"changes_\"YYYY_MM_DD')) AS name";

const char *text_column(int column) {
    bool is_null;
    return TextDatumGetCString(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &is_null));
}

/// Attached in the end: for CREATE TABLE ... PARTITION OF every reader of bemi.changes would have to wait.
void make(TimestampTz time) {
    spi::run(plan_sql, {spi::timestamp(time)});
    const char *name = text_column(1), *from = text_column(2), *to = text_column(3),
               *indexes = text_column(4);
    spi::run(psprintf("CREATE TABLE %s (LIKE bemi.changes)", name));
    spi::run(indexes);
    spi::run(psprintf("ALTER TABLE bemi.changes ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)", name, from,
                      to));
}

List *find_expired() {
    return spi::select_oids("SELECT partition FROM bemi.partitions"
                            " WHERE to_time <= now() - $1::interval AND $1::interval > interval '0'"
                            " ORDER BY from_time",
                            {spi::text(guc::retention)});
}

/// Nobody has to wait for us, nor behind us.
bool lock_changes() {
    const bool missing_ok = false;
    const Oid changes = get_relname_relid("changes", get_namespace_oid("bemi", missing_ok));
    return ConditionalLockRelationOid(changes, AccessExclusiveLock);
}

void drop(List *expired) {
    for (int i = 0; i < list_length(expired); i++)
        spi::run(psprintf("DROP TABLE bemi.%s", quote_identifier(get_rel_name(list_nth_oid(expired, i)))));
    spi::run("UPDATE bemi.worker SET retention_at = now(), partitions_dropped = partitions_dropped + $1",
             {spi::integer(list_length(expired))});
}

} // namespace

void ensure(TimestampTz time) {
    if (latest.has(time) || find(time))
        return;
    make(time);
    (void)find(time);
}

void drop_expired() {
    if (guc::retention[0] == '\0')
        return;
    in_owners_transaction([] {
        List *expired = find_expired();
        if (expired != NIL && lock_changes())
            drop(expired);
    });
    forget();
}

void forget() {
    latest = {0, 0};
}

void make_ahead() {
    in_owners_transaction([] {
        const TimestampTz now = GetCurrentTimestamp();
        ensure(now);
        const TimestampTz next = latest.to;
        ensure(next);
        ensure(now);
    });
}

} // namespace bemi::partitions
