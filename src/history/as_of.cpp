// bemi.as_of(): a table as it was.
#include "base/boundary.hpp"
#include "history/past_rows.hpp"
#include "history/relation.hpp"
#include "history/row_set.hpp"

namespace bemi::history {
namespace {

Moment moment_of(FunctionCallInfo fcinfo, int first) {
    Moment moment;
    for (int i = 0; i < Moment::arguments; i++) {
        moment.values[i] = fcinfo->args[first + i].value;
        moment.nulls[i] = fcinfo->args[first + i].isnull;
    }
    return moment;
}

} // namespace
} // namespace bemi::history

using namespace bemi::history;

BEMI_FUNCTION(bemi_as_of) {
    enum { rowtype, moment, keys = moment + Moment::arguments };
    Relation relation = open_table_of(get_fn_expr_argtype(fcinfo->flinfo, rowtype));
    RowSet result = begin_rows(fcinfo, RelationGetDescr(relation));
    const RowSink sink{[](void *closure, const Datum *values, const bool *nulls) {
                           add_row(*static_cast<RowSet *>(closure), values, nulls);
                       },
                       &result};
    const Datum wanted = PG_GETARG_DATUM(keys);
    find_past_rows(relation, moment_of(fcinfo, moment), PG_ARGISNULL(keys) ? nullptr : &wanted, sink);
    relation_close(relation, NoLock);
    return Datum(0);
}
