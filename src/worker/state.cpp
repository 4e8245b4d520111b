#include "state.hpp"

#include "transaction.hpp"

namespace bemi::state {
namespace {

constinit Oid orders_table = InvalidOid;
constinit bool changed = true;

void on_relation_change(Datum, Oid relation) {
    changed |= !OidIsValid(relation) || relation == orders_table;
}

void watch_orders() {
    static constinit bool watching = false;
    if (!watching)
        CacheRegisterRelcacheCallback(on_relation_change, 0);
    watching = true;
}

Wanted wanted_named(const char *name) {
    if (strcmp(name, "running") == 0)
        return Wanted::running;
    return strcmp(name, "paused") == 0 ? Wanted::paused : Wanted::ended;
}

constexpr Orders no_orders{.wanted = Wanted::ended, .attempts = 0, .attempted_at = 0, .crashes = 0};

Orders read_orders() {
    spi::run("SELECT wanted, attempts, coalesce(attempted_at, now()), crashes FROM bemi.worker"
             " WHERE database = $1",
             {spi::oid(MyDatabaseId)});
    if (SPI_processed == 0)
        return no_orders;
    return {.wanted = wanted_named(TextDatumGetCString(spi::value(1))),
            .attempts = DatumGetInt32(spi::value(2)),
            .attempted_at = DatumGetTimestampTz(spi::value(3)),
            .crashes = DatumGetInt32(spi::value(4))};
}

/// bemi.worker, invalid if the extension is not there.
Oid find_orders_table() {
    const bool missing_ok = true;
    if (!OidIsValid(get_extension_oid("bemi", missing_ok)))
        return InvalidOid;
    return get_relname_relid("worker", get_namespace_oid("bemi", missing_ok));
}

void write(const char *sql, std::initializer_list<spi::Argument> arguments = {}) {
    in_owners_transaction([&] { spi::run(sql, arguments); });
}

} // namespace

Orders orders() {
    Orders orders = no_orders;
    watch_orders();
    changed = false;
    in_transaction([&orders] {
        orders_table = find_orders_table();
        if (OidIsValid(orders_table))
            finish_as_owner([&orders] { orders = read_orders(); });
    });
    return orders;
}

bool may_have_changed() {
    in_transaction([] {}); // takes notice of what others have changed
    return changed;
}

void begin_attempt() {
    write("UPDATE bemi.worker SET attempts = attempts + 1, crashes = crashes + 1, attempted_at = now()");
    XLogFlush(XactLastCommitEnd);
}

void ran_well() {
    write("UPDATE bemi.worker SET attempts = 0, crashes = 0");
}

void failed(const ErrorData &error) {
    write("UPDATE bemi.worker SET crashes = 0, sqlstate = $1, error = $2, failed_at = now()",
          {spi::text(unpack_sql_state(error.sqlerrcode)), spi::text(error.message)});
}

void give_up(int sqlstate, const char *reason) {
    write("UPDATE bemi.worker SET wanted = 'paused', sqlstate = $1, error = $2, failed_at = now()",
          {spi::text(unpack_sql_state(sqlstate)), spi::text(reason)});
}

XLogRecPtr progress() {
    XLogRecPtr position = InvalidXLogRecPtr;
    in_owners_transaction([&position] {
        spi::run("SELECT position FROM bemi.progress");
        if (SPI_processed == 1)
            position = DatumGetLSN(spi::value(1));
    });
    return position;
}

void set_progress(XLogRecPtr position) {
    write("INSERT INTO bemi.progress AS p (position) VALUES ($1)"
          " ON CONFLICT (one) DO UPDATE SET position = excluded.position",
          {spi::lsn(position)});
}

void forget_progress() {
    if (OidIsValid(orders_table))
        write("DELETE FROM bemi.progress");
}

} // namespace bemi::state
