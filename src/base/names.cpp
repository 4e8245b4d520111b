#include "base/names.hpp"

namespace bemi::names {

Oid extension() {
    const bool missing_ok = true;
    return get_extension_oid("bemi", missing_ok);
}

void hold_extension() {
    if (const Oid held = extension(); OidIsValid(held))
        LockDatabaseObject(ExtensionRelationId, held, 0, AccessShareLock);
}

Oid own_schema() {
    const bool missing_ok = true;
    return get_namespace_oid("bemi", missing_ok);
}

Oid own_relation(const char *name) {
    const Oid schema = own_schema();
    return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

Oid installed_relation(const char *name) {
    return OidIsValid(extension()) ? own_relation(name) : InvalidOid;
}

const char *qualified(Oid relation) {
    return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
                                      get_rel_name(relation));
}

const char *unquoted(Oid relation) {
    return psprintf("%s.%s", get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation));
}

Oid owner_of(Oid relation) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple))
        return InvalidOid;
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

} // namespace bemi::names
