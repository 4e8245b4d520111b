#include "state.hpp"

#include "attested.hpp"
#include "decode/timeline.hpp"
#include "transaction.hpp"
#include "wire.hpp"

namespace bemi::state {
namespace {

constinit Oid orders_table = InvalidOid;
constinit bool changed = true;
constinit bool is_attempting = false; // what may end in a crash

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

constexpr Orders no_orders{.wanted = Wanted::ended,
                           .attempts = 0,
                           .attempted_at = 0,
                           .crashes = 0,
                           .since = InvalidXLogRecPtr,
                           .ordered_by = {}};

Orders read_orders() {
    spi::run(psprintf("SELECT wanted, attempts, coalesce(attempted_at, now()), crashes, since, ordered_by"
                      " FROM bemi.worker%s",
                      own_row()));
    if (SPI_processed == 0)
        return no_orders;
    return {.wanted = wanted_named(TextDatumGetCString(spi::value(1))),
            .attempts = DatumGetInt32(spi::value(2)),
            .attempted_at = DatumGetTimestampTz(spi::value(3)),
            .crashes = DatumGetInt32(spi::value(4)),
            .since = DatumGetLSN(spi::value(5)),
            .ordered_by = *DatumGetName(spi::value(6))};
}

/// bemi.worker, invalid if the extension is not there.
Oid find_orders_table() {
    const bool missing_ok = true;
    if (!OidIsValid(get_extension_oid("bemi", missing_ok)))
        return InvalidOid;
    return get_relname_relid("worker", get_namespace_oid("bemi", missing_ok));
}

/// `change` is what follows UPDATE bemi.worker SET.
void update(const char *change, std::initializer_list<spi::Argument> arguments = {}) {
    in_owners_transaction(
        [&] { spi::run(psprintf("UPDATE bemi.worker SET %s%s", change, own_row()), arguments); });
}

/// The table is locked only if there is something to do: else nobody who has it locked is waited for.
void take_over(const char *table) {
    const spi::Argument server = spi::integer(static_cast<int64>(GetSystemIdentifier()));
    spi::run(psprintf("SELECT max(system_identifier) FROM %s WHERE database = $1::oid"
                      " HAVING bool_and(system_identifier <> $2)",
                      table),
             {spi::oid(MyDatabaseId), server});
    if (SPI_processed == 0)
        return;
    const spi::Argument other = spi::integer(DatumGetInt64(spi::value(1)));
    spi::run(psprintf("UPDATE %s SET system_identifier = $2"
                      " WHERE database = $1::oid AND system_identifier = $3",
                      table),
             {spi::oid(MyDatabaseId), server, other});
}

} // namespace

const char *own_row() {
    return psprintf(" WHERE system_identifier = %lld AND database = %u",
                    static_cast<long long>(GetSystemIdentifier()), MyDatabaseId);
}

void take_over_rows() {
    take_over("bemi.worker");
    take_over("bemi.progress");
}

void take_over() {
    in_transaction([] {
        if (!OidIsValid(find_orders_table()))
            return;
        PushActiveSnapshot(GetTransactionSnapshot());
        spi::as_owner(take_over_rows);
        PopActiveSnapshot();
    });
}

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
    update("attempts = attempts + 1, crashes = crashes + 1, attempted_at = now()");
    XLogFlush(XactLastCommitEnd);
    is_attempting = true;
}

void ran_well() {
    is_attempting = false;
    update("attempts = 0, crashes = 0, sqlstate = NULL, error = NULL, failed_at = NULL");
}

void failed(const ErrorData &error) {
    is_attempting = false;
    update("crashes = 0, sqlstate = $1, error = $2, failed_at = now()",
           {spi::text(unpack_sql_state(error.sqlerrcode)), spi::text(error.message)});
}

void terminated() {
    constexpr int enough_ms = 1000;
    if (!is_attempting)
        return;
    enable_timeout_after(STATEMENT_TIMEOUT, enough_ms);
    in_owners_transaction([] {
        spi::run(
            psprintf("UPDATE bemi.worker w SET crashes = w.crashes - 1"
                     " FROM (SELECT ctid FROM bemi.worker%s AND crashes > 0 FOR UPDATE SKIP LOCKED) AS own"
                     " WHERE w.ctid = own.ctid",
                     own_row()));
    });
    disable_timeout(STATEMENT_TIMEOUT, false);
}

void give_up(int sqlstate, const char *reason) {
    update("wanted = 'paused', sqlstate = $1, error = $2, failed_at = now()",
           {spi::text(unpack_sql_state(sqlstate)), spi::text(reason)});
}

Progress progress() {
    Progress progress{};
    in_owners_transaction([&progress] {
        spi::run(psprintf("SELECT position, timeline FROM bemi.progress%s", own_row()));
        if (SPI_processed == 1)
            progress = {.position = DatumGetLSN(spi::value(1)),
                        .timeline = static_cast<TimeLineID>(DatumGetInt64(spi::value(2)))};
    });
    return progress;
}

void set_progress(XLogRecPtr position) {
    in_owners_transaction([position] {
        log_attested_message(store_prefix, "");
        spi::run("INSERT INTO bemi.progress (system_identifier, database, timeline, position)"
                 " VALUES ($1, $2, $3, $4) ON CONFLICT (system_identifier, database)"
                 " DO UPDATE SET timeline = excluded.timeline, position = excluded.position",
                 {spi::integer(static_cast<int64>(GetSystemIdentifier())), spi::oid(MyDatabaseId),
                  spi::integer(decode::timeline_of(position).id), spi::lsn(position)});
    });
}

void forget_progress() {
    if (OidIsValid(orders_table))
        in_owners_transaction([] { spi::run(psprintf("DELETE FROM bemi.progress%s", own_row())); });
}

} // namespace bemi::state
