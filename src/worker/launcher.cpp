// The launcher: starts a worker for every database that has a slot of bemi's, after a restart of the server
// and whenever a worker has ended. What the worker is to do is written in the database, to which the launcher
// does not connect: a worker with nothing to do ends at once. A restored backup and a promoted standby lack
// slots that they should have. Hence, once after its start, the launcher starts a worker for each other
// database as well.
#include "base/boundary.hpp"
#include "worker/process.hpp"
#include "worker/slot.hpp"

#include <algorithm>

extern "C" PGDLLEXPORT void bemi_launcher_main(Datum);

namespace bemi::launcher {
namespace {

constexpr long first_pause_ms = 1000, max_pause_ms = 60 * 1000;
constexpr long look_again_ms = 10 * 1000;
constexpr int32 invalid_database = -2; // its datconnlimit, once DROP DATABASE was interrupted

/// A database with a slot, where a worker is started from time to time. A worker that ended may have been
/// told to end, so the pauses between the attempts grow.
struct Database {
    Oid oid; // the key
    TimestampTz next_start;
    long pause_ms;
};

HTAB *make_databases() {
    HASHCTL control{};
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(Database);
    constexpr long expected = 16;
    return hash_create("bemi databases", expected, &control, HASH_ELEM | HASH_BLOBS);
}

void start(Database &database, TimestampTz now) {
    database.next_start = TimestampTzPlusMilliseconds(now, database.pause_ms);
    database.pause_ms = std::min(2 * database.pause_ms, max_pause_ms);
    if (!process::start_worker(database.oid, {.is_successor = false}))
        ereport(WARNING, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                          errmsg("could not start bemi worker for database with OID %u", database.oid),
                          errhint("You might need to increase \"max_worker_processes\".")));
}

/// Starts the database's worker if that is due. Returns after how many milliseconds to look again.
long look_after(HTAB *databases, Oid oid, TimestampTz now) {
    bool found;
    auto *database = static_cast<Database *>(hash_search(databases, &oid, HASH_ENTER, &found));
    if (!found) {
        database->next_start = now;
        database->pause_ms = first_pause_ms;
    }
    const bool is_running = process::worker_of(oid) != 0;
    const long left = TimestampDifferenceMilliseconds(now, database->next_start);
    // Only if the clock was set back is more than the pause left.
    if (left > 0 && left <= database->pause_ms)
        return is_running ? look_again_ms : left;
    if (is_running)
        database->pause_ms = first_pause_ms;
    else
        start(*database, now);
    return look_again_ms;
}

/// Looks after every database with a slot. Returns after how many milliseconds to look again.
long look_after_all(HTAB *databases) {
    const TimestampTz now = GetCurrentTimestamp();
    Oid found[slot::max_databases];
    const size_t count = slot::databases(found);
    long next_ms = look_again_ms;
    for (size_t i = 0; i < count; i++)
        next_ms = std::min(next_ms, look_after(databases, found[i], now));
    return next_ms;
}

bool has_slot(Oid database) {
    Oid found[slot::max_databases];
    const auto end = std::begin(found) + slot::databases(found);
    return std::find(std::begin(found), end, database) != end;
}

/// The databases that accept connections, in TopMemoryContext.
List *all_databases() {
    List *all = NIL;
    StartTransactionCommand();
    (void)GetTransactionSnapshot();
    Relation table = table_open(DatabaseRelationId, AccessShareLock);
    TableScanDesc scan = table_beginscan_catalog(table, 0, nullptr);
    while (HeapTuple tuple = heap_getnext(scan, ForwardScanDirection)) {
        const auto *database = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
        MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
        if (database->datallowconn && database->datconnlimit != invalid_database)
            all = lappend_oid(all, database->oid);
        MemoryContextSwitchTo(caller);
    }
    table_endscan(scan);
    table_close(table, AccessShareLock);
    CommitTransactionCommand();
    return all;
}

/// Starts a worker for the next database without a slot. The postmaster wakes the launcher when that worker
/// ends, for the next one. Where no worker can be started, the launcher tries again when another process has
/// ended.
List *visit_next(List *unvisited) {
    while (unvisited != NIL && has_slot(linitial_oid(unvisited)))
        unvisited = list_delete_first(unvisited);
    if (unvisited != NIL && process::start_worker(linitial_oid(unvisited), {.is_successor = false}))
        unvisited = list_delete_first(unvisited);
    return unvisited;
}

[[noreturn]] void run() {
    HTAB *databases = make_databases();
    List *unvisited = all_databases();
    for (;;) {
        unvisited = visit_next(unvisited);
        process::pause(look_after_all(databases));
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
        }
    }
}

} // namespace
} // namespace bemi::launcher

void bemi_launcher_main(Datum) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0); // to be seen in pg_stat_activity
    bemi::launcher::run();
}
