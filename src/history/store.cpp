#include "history/store.hpp"

#include "history/select.hpp"

namespace bemi::history {

void sync() {
    static constinit SPIPlanPtr plan = nullptr, standby_plan = nullptr;
    const Query query = RecoveryInProgress() ? saved(standby_plan, "SELECT bemi.sync_standby()", {})
                                             : saved(plan, "SELECT bemi.sync()", {});
    select(query, nullptr, nullptr, [](TupleTableSlot *) {});
}

void require_past(Oid relation, const Cut &cut) {
    static constinit SPIPlanPtr plan = nullptr;
    static constexpr Oid types[] = {OIDOID, TIMESTAMPTZOID, INT8OID};
    const Datum values[] = {ObjectIdGetDatum(relation), TimestampTzGetDatum(cut.at),
                            Int64GetDatum(cut.last.position)};
    const bool nulls[] = {false, !cut.by_time, cut.by_time};
    select(saved(plan, "SELECT bemi.require_past($1, $2, $3)", types), values, nulls,
           [](TupleTableSlot *) {});
}

} // namespace bemi::history
