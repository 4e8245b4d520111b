#include "worker/carrying.hpp"

#include "base/transaction.hpp"
#include "store/server_rows.hpp"

namespace bemi::worker::carrying {
namespace {

// A step looks at a thousand changes. They end at the first step after that time.
constexpr int steps_at_once = 50;
constexpr int milliseconds_at_once = 2000;

// Which partition it is that rows are kept of, up to which change, and which baseline was the last one then:
// rows of a table that gets one later were passed over.
struct Progress {
    Oid partition;
    int64 position;
    int64 sequence;
    int64 baseline;
    bool is_finished;
};
constinit Progress progress{};

// The rows come into the oldest partition that has not expired.
constexpr char step_sql[] =
    "SELECT c.position, c.sequence FROM bemi.partitions p,"
    " bemi.carry_forward(p.from_time, p.to_time, (SELECT min(q.from_time) FROM bemi.partitions q"
    "   WHERE q.from_time >= p.to_time AND q.to_time > (SELECT expired_before FROM bemi.worker%s)), $2, $3) c"
    " WHERE p.partition = $1 AND c.position IS NOT NULL";
constexpr char older_sql[] =
    "SELECT FROM bemi.partitions o JOIN bemi.partitions p ON o.to_time <= p.from_time"
    " WHERE p.partition = $1 LIMIT 1";

/// The number of the last baseline; 0 without any.
int64 last_baseline() {
    spi::run("SELECT coalesce(max(id), 0) FROM bemi.baselines");
    return DatumGetInt64(spi::value(1));
}

bool has_older(Oid partition) {
    spi::run(older_sql, {spi::oid(partition)});
    return SPI_processed > 0;
}

/// False if an older partition comes first.
bool begin(Oid partition) {
    const int64 baseline = last_baseline();
    if (baseline != 0 && has_older(partition))
        return false;
    if (progress.partition != partition || progress.baseline != baseline)
        progress = {.partition = partition,
                    .position = PG_INT64_MIN,
                    .sequence = PG_INT64_MIN,
                    .baseline = baseline,
                    .is_finished = baseline == 0};
    return true;
}

/// Progress counts from the commit on.
Progress next_step() {
    Progress next = progress;
    spi::run(psprintf(step_sql, store::server_rows::condition()),
             {spi::oid(next.partition), spi::integer(next.position), spi::integer(next.sequence)});
    next.is_finished = SPI_processed == 0;
    if (!next.is_finished) {
        next.position = DatumGetInt64(spi::value(1));
        next.sequence = DatumGetInt64(spi::value(2));
    }
    return next;
}

} // namespace

bool finish(Oid partition) {
    const TimestampTz begun_at = GetCurrentTimestamp();
    bool has_begun = false;
    in_owners_transaction([&] { has_begun = begin(partition); });
    if (!has_begun)
        return false;
    for (int step = 0; step < steps_at_once && !progress.is_finished; step++) {
        Progress next;
        in_owners_transaction([&next] { next = next_step(); });
        progress = next;
        if (TimestampDifferenceExceeds(begun_at, GetCurrentTimestamp(), milliseconds_at_once))
            break;
    }
    return progress.is_finished;
}

bool is_finished(Oid partition) {
    const int64 baseline = last_baseline();
    return progress.partition == partition && progress.is_finished && progress.baseline == baseline &&
           (baseline == 0 || !has_older(partition));
}

} // namespace bemi::worker::carrying
