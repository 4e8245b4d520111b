// bemi.as_of(): a table as it was.
#include "base/boundary.hpp"
#include "history/json_rows.hpp"
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
    const RowSink sink{[](void *closure, std::string_view, const Datum *values, const bool *nulls) {
                           add_row(*static_cast<RowSet *>(closure), values, nulls);
                       },
                       &result};
    const Datum wanted = PG_GETARG_DATUM(keys);
    find_past_rows(relation, moment_of(fcinfo, moment), PG_ARGISNULL(keys) ? nullptr : &wanted, sink);
    relation_close(relation, NoLock);
    return Datum(0);
}

namespace {

struct JsonResult {
    RowSet rows;
    JsonRows json;
};

TupleDesc columns_of_result(FunctionCallInfo fcinfo) {
    TupleDesc columns;
    (void)get_call_result_type(fcinfo, nullptr, &columns);
    return columns;
}

} // namespace

BEMI_FUNCTION(bemi_rows_as_of) {
    enum { oid, moment, keys = moment + Moment::arguments };
    Relation relation = open_table(PG_GETARG_OID(oid));
    JsonResult result{begin_rows(fcinfo, columns_of_result(fcinfo)), {}};
    result.json.open(relation);
    const RowSink sink{[](void *closure, std::string_view key, const Datum *values, const bool *nulls) {
                           auto &result = *static_cast<JsonResult *>(closure);
                           const Datum row[] = {PointerGetDatum(cstring_to_text_with_len(
                                                    key.data(), static_cast<int>(key.size()))),
                                                result.json.jsonb_of(values, nulls)};
                           const bool no_key[] = {key.empty(), false};
                           add_row(result.rows, row, no_key);
                       },
                       &result};
    const Datum wanted = PG_GETARG_DATUM(keys);
    find_past_rows(relation, moment_of(fcinfo, moment), PG_ARGISNULL(keys) ? nullptr : &wanted, sink);
    relation_close(relation, NoLock);
    return Datum(0);
}
