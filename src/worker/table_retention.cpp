#include "worker/table_retention.hpp"

#include "base/transaction.hpp"
#include "store/server_rows.hpp"
#include "worker/state.hpp"

namespace bemi::worker::table_retention {
namespace {

constexpr int milliseconds_at_once = 2000;

// As for partitions, the age counts from the last stored commit or from now, whichever is earlier, as it was
// a day before. %s stands for the WHERE clause of this server's row.
constexpr char note_sql[] =
    "trusted_time = CASE WHEN noted_at <= now() - interval '1 day' THEN noted_time ELSE trusted_time END,"
    " noted_at = now(),"
    " noted_time = (SELECT least(now(), committed_at) FROM bemi.progress%s AND committed_at IS NOT NULL)";
constexpr char note_condition[] =
    " AND (noted_time IS NOT NULL AND noted_at BETWEEN now() - interval '1 day' AND now()) IS NOT TRUE";
// The clock may have been set back since.
constexpr char step_sql[] =
    "SELECT bemi.expire_step(least(w.trusted_time, (SELECT least(now(), committed_at) FROM "
    "bemi.progress%1$s)))"
    " FROM (SELECT trusted_time FROM bemi.worker%1$s) AS w WHERE w.trusted_time IS NOT NULL";

bool is_wanted() {
    bool wanted = false;
    in_owners_transaction([&wanted] {
        spi::run("SELECT bemi.has_table_retention()");
        wanted = DatumGetBool(spi::value(1));
    });
    return wanted;
}

/// False if there is nothing to do.
bool do_step() {
    bool has_done = false;
    in_owners_transaction([&has_done] {
        spi::run(psprintf(step_sql, store::server_rows::condition()));
        has_done = SPI_processed > 0 && DatumGetBool(spi::value(1));
    });
    return has_done;
}

} // namespace

void run() {
    if (!is_wanted())
        return;
    const TimestampTz begun_at = GetCurrentTimestamp();
    in_owners_transaction(
        [] { state::update(psprintf(note_sql, store::server_rows::condition()), {}, note_condition); });
    while (do_step() && !TimestampDifferenceExceeds(begun_at, GetCurrentTimestamp(), milliseconds_at_once))
        CHECK_FOR_INTERRUPTS();
}

} // namespace bemi::worker::table_retention
