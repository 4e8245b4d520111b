#include "worker/erased_room.hpp"

#include "base/transaction.hpp"

namespace bemi::worker::erased_room {
namespace {

// Keys are in bemi.moved_keys, and texts of errors in bemi.errors.
constexpr char tables_sql[] =
    "WITH partition AS (SELECT p.partition FROM bemi.partitions p WHERE EXISTS ("
    "  SELECT FROM bemi.erased_values e WHERE e.committed_at >= p.from_time AND e.committed_at < p.to_time"
    "   AND e.erased_at > coalesce(greatest(pg_stat_get_last_vacuum_time(p.partition),"
    "     pg_stat_get_last_autovacuum_time(p.partition)), '-infinity')))"
    " SELECT partition FROM partition UNION ALL"
    " SELECT unnest('{bemi.moved_keys,bemi.errors}'::regclass[]) WHERE EXISTS (SELECT FROM partition)";

List *tables() {
    List *tables = NIL;
    MemoryContext caller = CurrentMemoryContext;
    in_owners_transaction([&tables, caller] {
        MemoryContext spi = MemoryContextSwitchTo(caller);
        tables = spi::select_oids(tables_sql);
        MemoryContextSwitchTo(spi);
    });
    return tables;
}

DefElem *option(const char *name, const char *value) {
    return makeDefElem(pstrdup(name), reinterpret_cast<Node *>(makeString(pstrdup(value))), -1);
}

/// VACUUM commits, so it runs outside of SPI. It runs expressions of indexes as the table's owner, as
/// autovacuum does, and leaves out a table that is locked.
void vacuum(Oid table) {
    auto *statement = makeNode(VacuumStmt);
    statement->is_vacuumcmd = true;
    statement->options = list_make2(option("skip_locked", "true"), option("index_cleanup", "on"));
    statement->rels = list_make1(makeVacuumRelation(nullptr, table, NIL));
    const bool is_top_level = true;
    StartTransactionCommand();
    ExecVacuum(make_parsestate(nullptr), statement, is_top_level);
    CommitTransactionCommand();
}

/// Runs `body` with a memory context that lasts beyond transactions, where VACUUM looks for one.
template <typename Body> void with_portal_context(Body &&body) {
    MemoryContext caller = CurrentMemoryContext, portal = PortalContext;
    MemoryContext memory = AllocSetContextCreate(caller, "bemi vacuum", ALLOCSET_SMALL_SIZES);
    PG_TRY();
    {
        PortalContext = memory;
        MemoryContextSwitchTo(memory);
        body();
    }
    PG_FINALLY();
    { PortalContext = portal; }
    PG_END_TRY();
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(memory);
}

} // namespace

void vacuum() {
    List *erased = tables();
    for (int i = 0; i < list_length(erased); i++)
        with_portal_context([table = list_nth_oid(erased, i)] { vacuum(table); });
}

} // namespace bemi::worker::erased_room
