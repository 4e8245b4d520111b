#include "history/row_set.hpp"

namespace bemi::history {

RowSet begin_rows(FunctionCallInfo fcinfo, TupleDesc columns) {
    auto *info = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    if (info == nullptr || !IsA(info, ReturnSetInfo) || (info->allowedModes & SFRM_Materialize) == 0)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("set-valued function called in context that cannot accept a set")));
    MemoryContext caller = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
    const bool is_random_access = (info->allowedModes & SFRM_Materialize_Random) != 0,
               inter_transaction = false;
    RowSet result{};
    result.columns = CreateTupleDescCopy(columns);
    result.rows = tuplestore_begin_heap(is_random_access, inter_transaction, work_mem);
    MemoryContextSwitchTo(caller);
    info->returnMode = SFRM_Materialize;
    info->setResult = result.rows;
    info->setDesc = result.columns;
    return result;
}

} // namespace bemi::history
