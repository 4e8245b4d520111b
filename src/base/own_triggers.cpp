#include "base/own_triggers.hpp"

#include "base/names.hpp"

namespace bemi {

Oid emit_function() {
    const Oid schema = names::own_schema();
    if (!OidIsValid(schema))
        return InvalidOid;
    return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("emit_context"),
                           PointerGetDatum(buildoidvector(nullptr, 0)), ObjectIdGetDatum(schema));
}

} // namespace bemi
