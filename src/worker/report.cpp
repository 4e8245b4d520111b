// bemi.worker_report(): what the worker publishes in shared memory, for bemi.status and bemi.metrics.
#include "base/boundary.hpp"
#include "worker/shared.hpp"

namespace bemi::worker {
namespace {

const char *activity(const shared::Report &report) {
    if (report.is_caught_up)
        return "caught up";
    return report.phase == shared::Phase::storing ? "storing" : "reading";
}

Datum interval_of(int64 microseconds) {
    auto *interval = static_cast<Interval *>(palloc0(sizeof(Interval)));
    interval->time = microseconds;
    return IntervalPGetDatum(interval);
}

Datum bigint_of(uint64 value) {
    return Int64GetDatum(static_cast<int64>(value));
}

} // namespace

BEMI_FUNCTION(bemi_worker_report) {
    TupleDesc columns;
    if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    const std::optional<shared::Report> report = shared::report();
    if (!report)
        PG_RETURN_NULL();
    const bool has_batch = report->transaction_id != 0;
    Datum values[] = {CStringGetTextDatum(activity(*report)),
                      LSNGetDatum(report->stored),
                      bigint_of(report->unread),
                      interval_of(report->lag),
                      BoolGetDatum(report->is_lag_exact),
                      bigint_of(report->transaction_id),
                      bigint_of(report->changes_read),
                      bigint_of(report->changes_stored)};
    bool nulls[] = {false, false, false, false, false, !has_batch, !has_batch, !has_batch};
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls));
}

} // namespace bemi::worker
