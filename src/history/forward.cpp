#include "history/forward.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bemi::history {
namespace {

constexpr Oid types[] = {OIDOID, TIMESTAMPTZOID, INT8OID, INT8OID};

void set_parameters(Oid relation, const Cut &cut, Datum *values, bool *nulls) {
    const Datum all[] = {ObjectIdGetDatum(relation), TimestampTzGetDatum(cut.at),
                         Int64GetDatum(cut.last.position), Int64GetDatum(cut.last.sequence)};
    const bool all_nulls[] = {false, !cut.by_time, cut.by_time, cut.by_time};
    std::copy_n(all, 4, values);
    std::copy_n(all_nulls, 4, nulls);
}

} // namespace

bool has_all_rows(Oid relation, const Cut &cut) {
    static constinit SPIPlanPtr plan = nullptr;
    Datum values[4];
    bool nulls[4], has_all = false;
    set_parameters(relation, cut, values, nulls);
    select(saved(plan, "SELECT bemi.has_all_rows($1, $2, $3, $4)", types), values, nulls,
           [&has_all](TupleTableSlot *row) {
               has_all = !row->tts_isnull[0] && DatumGetBool(row->tts_values[0]);
           });
    return has_all;
}

ForwardRows::ForwardRows(Oid relation, const Cut &cut)
    : query_{single("SELECT * FROM bemi.rows_forward($1, $2, $3, $4)", types)} {
    set_parameters(relation, cut, values_, nulls_);
}

ForwardRow ForwardRows::read(TupleTableSlot *row) {
    const Datum *values = row->tts_values;
    return {view_of(DatumGetTextPP(values[0])), DatumGetJsonbP(values[1]), DatumGetUUIDP(values[2])};
}

} // namespace bemi::history
