// The launcher: starts a worker for every database that has a slot of bemi's, after a restart of the server
// and whenever a worker has ended. What the worker is to do is written in the database, to which the launcher
// does not connect: a worker with nothing to do ends at once. A restored backup and a promoted standby lack
// slots that they should have. Hence, once after its start, the launcher starts a worker for each other
// database as well.
#include "base/boundary.hpp"
#include "worker/process.hpp"
#include "worker/shared.hpp"
#include "worker/slot.hpp"

#include <algorithm>
#include <span>

extern "C" PGDLLEXPORT void bemi_launcher_main(Datum);

namespace bemi::worker::launcher {
namespace {

constexpr long first_pause_ms = 1000, max_pause_ms = 60 * 1000;
constexpr long look_again_ms = 10 * 1000;
constexpr int32 invalid_database = -2; // its datconnlimit, once DROP DATABASE was interrupted

/// A database with a slot, where a worker is started from time to time. A worker that ended may have been
/// told to end, so the pauses between the attempts grow.
struct Database {
    Oid oid; // the key
    TimestampTz next_start;
    TimestampTz served_at; // when it last had a worker
    long pause_ms;
};

HTAB *make_databases() {
    HASHCTL control{};
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(Database);
    constexpr long expected = 16;
    return hash_create("bemi databases", expected, &control, HASH_ELEM | HASH_BLOBS);
}

bool start(Database &database, TimestampTz now) {
    database.next_start = TimestampTzPlusMilliseconds(now, database.pause_ms);
    database.pause_ms = std::min(2 * database.pause_ms, max_pause_ms);
    const bool is_started = process::start_worker(database.oid, {.is_successor = false});
    if (is_started)
        database.served_at = now;
    else
        ereport(WARNING, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                          errmsg("could not start bemi worker for database with OID %u", database.oid),
                          errhint("You might need to increase \"max_worker_processes\".")));
    return is_started;
}

Database &find_database(HTAB *databases, Oid oid, TimestampTz now) {
    bool found;
    auto *database = static_cast<Database *>(hash_search(databases, &oid, HASH_ENTER, &found));
    if (!found) {
        database->next_start = now;
        database->served_at = 0;
        database->pause_ms = first_pause_ms;
    }
    return *database;
}

/// After how many milliseconds the database needs a worker: 0 if now.
long milliseconds_left(Database &database, TimestampTz now) {
    const long left = TimestampDifferenceMilliseconds(now, database.next_start);
    // Only if the clock was set back is more than the pause left.
    const bool is_pausing = left > 0 && left <= database.pause_ms;
    if (process::worker_of(database.oid) == 0)
        return is_pausing ? left : 0;
    database.served_at = now;
    if (!is_pausing)
        database.pause_ms = first_pause_ms;
    return look_again_ms;
}

/// Starts workers for the databases that need one, first for those that have had none for longest. If there
/// is no room for all, the others wait until a worker that has caught up ends.
void start_in_turn(std::span<Database *> due, TimestampTz now) {
    std::sort(due.begin(), due.end(),
              [](const Database *a, const Database *b) { return a->served_at < b->served_at; });
    size_t started = 0;
    while (started < due.size() && process::room_left() > 0 && start(*due[started], now))
        started++;
    shared::set_waiting_databases(started < due.size() || process::room_left() < 0);
}

/// Looks after every database with a slot. Returns after how many milliseconds to look again.
long look_after_all(HTAB *databases) {
    const TimestampTz now = GetCurrentTimestamp();
    Oid found[slot::max_databases];
    Database *due[slot::max_databases];
    const size_t count = slot::databases(found);
    size_t due_count = 0;
    long next_ms = look_again_ms;
    for (size_t i = 0; i < count; i++) {
        Database &database = find_database(databases, found[i], now);
        const long left = milliseconds_left(database, now);
        if (left == 0)
            due[due_count++] = &database;
        else
            next_ms = std::min(next_ms, left);
    }
    start_in_turn({due, due_count}, now);
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
    if (unvisited != NIL && process::room_left() > 0 &&
        process::start_worker(linitial_oid(unvisited), {.is_successor = false}))
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
} // namespace bemi::worker::launcher

void bemi_launcher_main(Datum) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0); // to be seen in pg_stat_activity
    bemi::worker::launcher::run();
}
