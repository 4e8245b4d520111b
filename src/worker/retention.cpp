#include "worker/retention.hpp"

#include "base/names.hpp"
#include "base/transaction.hpp"
#include "guc.hpp"
#include "store/partitions.hpp"
#include "store/server_rows.hpp"
#include "worker/carrying.hpp"
#include "worker/state.hpp"

namespace bemi::worker::retention {
namespace {

// A clock that is wrong by years for a moment must not cost the history. So the age of a partition counts
// from the last stored commit or from now, whichever is earlier, and a partition expires only if it was found
// expired a day before as well. %1$s stands for the WHERE clause of this server's row.
constexpr char look_sql[] =
    "expired_before ="
    "  CASE WHEN expiring_since <= now() - interval '1 day' THEN expiring_before ELSE expired_before END,"
    " expiring_since = now(),"
    " expiring_before ="
    "  (SELECT least(now(), committed_at) - $1::interval FROM bemi.progress%1$s AND committed_at IS NOT "
    "NULL)";
constexpr char look_condition[] =
    " AND (expiring_since BETWEEN now() - interval '1 day' AND now()) IS NOT TRUE";
constexpr char find_sql[] = "SELECT partition FROM bemi.partitions"
                            " WHERE to_time <= (SELECT expired_before FROM bemi.worker%1$s)"
                            "  AND to_time <="
                            "   (SELECT least(now(), committed_at) - $1::interval FROM bemi.progress%1$s AND "
                            "committed_at IS NOT NULL)"
                            "  AND $1::interval > interval '0'"
                            " ORDER BY from_time LIMIT 8";

// What is known about the changes of a partition goes with it.
constexpr const char *companions[] = {"moved_keys", "erased_values"};
constexpr char forget_sql[] =
    "DELETE FROM bemi.%s d USING bemi.partitions p"
    " WHERE p.partition = $1 AND d.committed_at >= p.from_time AND d.committed_at < p.to_time";

List *find() {
    return spi::select_oids(psprintf(find_sql, store::server_rows::condition()), {spi::text(guc::retention)});
}

/// Locks both tables if that needs no waiting: sessions would queue up behind a lock that is waited for.
bool lock(Oid partition) {
    return ConditionalLockRelationOid(store::partitions::changes(), AccessExclusiveLock) &&
           ConditionalLockRelationOid(partition, AccessExclusiveLock);
}

const char *describe(Oid partition) {
    spi::run("SELECT format('It was for changes that were committed from %s to %s, and had %s rows.',"
             "  p.from_time, p.to_time, CASE WHEN c.reltuples < 0 THEN 'an unknown number of'"
             "   ELSE 'about ' || c.reltuples::bigint END)"
             " FROM bemi.partitions p JOIN pg_class c ON c.oid = p.partition WHERE p.partition = $1",
             {spi::oid(partition)});
    return TextDatumGetCString(spi::value(1));
}

void drop_locked(Oid partition) {
    const char *name = names::qualified(partition), *description = describe(partition);
    for (const char *companion : companions)
        spi::run(psprintf(forget_sql, companion), {spi::oid(partition)});
    spi::run(psprintf("DROP TABLE %s", name));
    state::update("retention_at = now(), partitions_dropped = partitions_dropped + 1,"
                  " carried_to = (SELECT min(from_time) FROM bemi.partitions)",
                  {});
    ereport(LOG, (errmsg("bemi.retention drops partition %s of bemi.changes", name),
                  errdetail_internal("%s", description)));
}

} // namespace

List *expired() {
    List *partitions = NIL;
    MemoryContext caller = CurrentMemoryContext;
    if (guc::retention[0] != '\0')
        in_owners_transaction([&partitions, caller] {
            state::update(psprintf(look_sql, store::server_rows::condition()), {spi::text(guc::retention)},
                          look_condition);
            MemoryContext spi = MemoryContextSwitchTo(caller);
            partitions = find();
            MemoryContextSwitchTo(spi);
        });
    return partitions;
}

void drop(Oid partition) {
    if (!carrying::finish(partition))
        return;
    store::partitions::forget();
    in_owners_transaction([partition] {
        // Before the lock was taken, somebody may have detached the partition to keep it.
        if (lock(partition) && list_member_oid(find(), partition) && carrying::is_finished(partition))
            drop_locked(partition);
    });
}

} // namespace bemi::worker::retention
