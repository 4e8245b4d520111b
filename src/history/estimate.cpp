// bemi.estimate_rows(): how many rows the planner expects of bemi.as_of().
#include "base/boundary.hpp"

#include <algorithm>

namespace bemi::history {
namespace {

/// As many as the statistics of the table and its partitions say.
double rows_of(Oid relation) {
    double rows = 0;
    List *all = find_all_inheritors(relation, NoLock, nullptr);
    for (int i = 0; i < list_length(all); i++) {
        HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(list_nth_oid(all, i)));
        if (!HeapTupleIsValid(tuple))
            continue;
        const auto *form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
        const bool is_partitioned = form->relkind == RELKIND_PARTITIONED_TABLE; // it has the sum
        rows += is_partitioned ? 0 : std::max(0.0, static_cast<double>(form->reltuples));
        ReleaseSysCache(tuple);
    }
    return rows;
}

/// The table of the call's first argument, whose type is its row type; InvalidOid if that is not one.
Oid table_of(Node *node) {
    const auto *call = reinterpret_cast<FuncExpr *>(node);
    if (node == nullptr || !IsA(node, FuncExpr) || call->args == NIL)
        return InvalidOid;
    return get_typ_typrelid(exprType(static_cast<Node *>(linitial(call->args))));
}

} // namespace
} // namespace bemi::history

BEMI_FUNCTION(bemi_estimate_rows) {
    auto *request = reinterpret_cast<SupportRequestRows *>(PG_GETARG_POINTER(0));
    if (!IsA(request, SupportRequestRows))
        PG_RETURN_DATUM(0);
    const Oid table = bemi::history::table_of(request->node);
    const double rows = OidIsValid(table) ? bemi::history::rows_of(table) : 0;
    if (rows == 0)
        PG_RETURN_DATUM(0);
    request->rows = rows;
    PG_RETURN_POINTER(request);
}
