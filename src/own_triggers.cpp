#include "own_triggers.hpp"

namespace bemi {

Oid emit_function() {
    const bool missing_ok = true;
    const Oid schema = get_namespace_oid("bemi", missing_ok);
    if (!OidIsValid(schema))
        return InvalidOid;
    return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("emit_context"),
                           PointerGetDatum(buildoidvector(nullptr, 0)), ObjectIdGetDatum(schema));
}

} // namespace bemi
