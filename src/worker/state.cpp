#include "worker/state.hpp"

#include "base/names.hpp"
#include "base/table_watch.hpp"
#include "base/transaction.hpp"
#include "store/server_rows.hpp"
#include "worker/claim.hpp"

namespace bemi::worker::state {
namespace {

// `since` tells the slots of a former extension from those of this one: they were made before.
constexpr char request_sql[] =
    "INSERT INTO bemi.worker (system_identifier, database, desired_state, since, requested_by)"
    " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (system_identifier, database)"
    " DO UPDATE SET desired_state = excluded.desired_state, requested_by = excluded.requested_by, attempts = "
    "0, crashes = 0"
    " RETURNING since";

constinit TableWatch watch;
constinit bool is_attempting = false; // between begin_attempt() and the first success or failure
constinit XLogRecPtr since_at_attempt = InvalidXLogRecPtr;

DesiredState state_named(const char *name) {
    if (strcmp(name, "running") == 0)
        return DesiredState::running;
    return strcmp(name, "paused") == 0 ? DesiredState::paused : DesiredState::stopped;
}

constexpr Desired nothing_desired{.state = DesiredState::stopped,
                                  .attempts = 0,
                                  .attempted_at = 0,
                                  .lacks_memory = false,
                                  .crashes = 0,
                                  .since = InvalidXLogRecPtr,
                                  .requested_by = {}};

Desired read() {
    spi::run(psprintf(
        "SELECT desired_state, attempts, coalesce(attempted_at, now()), crashes, since, requested_by,"
        " coalesce(sqlstate = '53200', false) FROM bemi.worker%s",
        store::server_rows::condition()));
    if (SPI_processed == 0)
        return nothing_desired;
    return {.state = state_named(TextDatumGetCString(spi::value(1))),
            .attempts = DatumGetInt32(spi::value(2)),
            .attempted_at = DatumGetTimestampTz(spi::value(3)),
            .lacks_memory = DatumGetBool(spi::value(7)),
            .crashes = DatumGetInt32(spi::value(4)),
            .since = DatumGetLSN(spi::value(5)),
            .requested_by = *DatumGetName(spi::value(6))};
}

void update_alone(const char *change, std::initializer_list<spi::Argument> arguments = {}) {
    in_owners_transaction([&] { update(change, arguments); });
}

} // namespace

void update(const char *change, std::initializer_list<spi::Argument> arguments, const char *condition) {
    spi::run(psprintf("UPDATE bemi.worker SET %s%s%s", change, store::server_rows::condition(), condition),
             arguments);
}

void take_over_rows() {
    store::server_rows::take_over("bemi.worker");
    store::server_rows::take_over("bemi.progress");
}

void take_over() {
    in_transaction([] {
        names::hold_extension();
        if (!OidIsValid(names::installed_relation("worker")))
            return;
        PushActiveSnapshot(GetTransactionSnapshot());
        spi::as_owner(take_over_rows);
        PopActiveSnapshot();
    });
}

Desired desired() {
    Desired desired = nothing_desired;
    watch.begin();
    in_transaction([&desired] {
        names::hold_extension();
        const Oid table = names::installed_relation("worker");
        watch.set_table(table);
        if (OidIsValid(table))
            finish_as_owner([&desired] { desired = read(); });
    });
    return desired;
}

Desired last_desired() {
    if (const Desired now = desired(); now.state == DesiredState::running)
        return now;
    claim::close_requests();
    const Desired last = desired();
    if (last.state == DesiredState::running)
        claim::open_requests();
    return last;
}

Request request(const char *state, const char *role) {
    const XLogRecPtr now = GetXLogInsertRecPtr();
    Request request{};
    spi::as_owner([&request, now, state, role] {
        take_over_rows();
        spi::run(request_sql,
                 {spi::server(), spi::oid(MyDatabaseId), spi::text(state), spi::lsn(now), spi::text(role)});
        request.since = DatumGetLSN(spi::value(1));
        request.is_first = request.since == now;
    });
    CacheInvalidateRelcacheByRelid(names::own_relation("worker"));
    return request;
}

bool may_have_changed() {
    in_transaction([] {}); // processes invalidation messages of other sessions
    return watch.may_have_changed();
}

void begin_attempt(const Desired &desired) {
    since_at_attempt = desired.since;
    update_alone("attempts = attempts + 1, crashes = crashes + 1, attempted_at = now()");
    XLogFlush(XactLastCommitEnd);
    is_attempting = true;
}

bool is_other_extension(const Desired &desired) {
    return !XLogRecPtrIsInvalid(since_at_attempt) && desired.since != since_at_attempt;
}

void ran_well() {
    is_attempting = false;
    update_alone("attempts = 0, crashes = 0, sqlstate = NULL, error = NULL, failed_at = NULL");
}

void failed(const ErrorData &error) {
    is_attempting = false;
    update_alone("crashes = 0, sqlstate = $1, error = $2, failed_at = now()",
                 {spi::text(unpack_sql_state(error.sqlerrcode)), spi::text(error.message)});
}

void terminated() {
    constexpr int enough_ms = 1000;
    if (!is_attempting)
        return;
    enable_timeout_after(STATEMENT_TIMEOUT, enough_ms);
    in_owners_transaction([] {
        spi::run(psprintf("UPDATE bemi.worker w SET attempts = w.attempts - 1, crashes = w.crashes - 1"
                          " FROM (SELECT ctid FROM bemi.worker%s AND crashes > 0 AND attempts > 0"
                          "  FOR UPDATE SKIP LOCKED) AS own"
                          " WHERE w.ctid = own.ctid",
                          store::server_rows::condition()));
    });
    disable_timeout(STATEMENT_TIMEOUT, false);
}

void pause_on_failure(int sqlstate, const char *reason) {
    update_alone("desired_state = 'paused', sqlstate = $1, error = $2, failed_at = now()",
                 {spi::text(unpack_sql_state(sqlstate)), spi::text(reason)});
}

} // namespace bemi::worker::state
