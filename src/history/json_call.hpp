// Calls of to_json() and to_jsonb(), which take values of any type.
#pragma once

#include "base/compat.hpp"

namespace bemi::history {

/// Looks up the function for arguments of this type, in the current memory context.
inline void set_function(FmgrInfo &function, Oid oid, Oid argument_type) {
    Const *argument = makeNullConst(argument_type, -1, InvalidOid);
    fmgr_info(oid, &function);
    fmgr_info_set_expr(reinterpret_cast<Node *>(makeFuncExpr(oid, get_func_rettype(oid), list_make1(argument),
                                                             InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL)),
                       &function);
}

} // namespace bemi::history
