#include "history/cut.hpp"

#include "history/select.hpp"

namespace bemi::history {

Cut cut_of(const Moment &moment) {
    static constinit SPIPlanPtr plan = nullptr;
    static constexpr Oid types[] = {TIMESTAMPTZOID, LSNOID, INT8OID, UUIDOID, TEXTOID};
    Cut cut{};
    select(saved(plan, "SELECT * FROM bemi.cut_of($1, $2, $3, $4, $5)", types), moment.values, moment.nulls,
           [&cut](TupleTableSlot *row) {
               const auto value = [row](int column) { return row->tts_values[column]; };
               cut.by_time = !row->tts_isnull[0];
               cut.at = cut.by_time ? DatumGetTimestampTz(value(0)) : 0;
               cut.last.position = cut.by_time ? 0 : DatumGetInt64(value(1));
               cut.last.sequence = row->tts_isnull[2] ? PG_INT64_MAX : DatumGetInt64(value(2));
               cut.since = row->tts_isnull[3] ? DT_NOBEGIN : DatumGetTimestampTz(value(3));
           });
    return cut;
}

} // namespace bemi::history
