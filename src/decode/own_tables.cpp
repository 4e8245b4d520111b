#include "own_tables.hpp"

namespace bemi::decode {

namespace {

constexpr char extension_name[] = "bemi";
constexpr char schema_name[] = "bemi";

} // namespace

bool is_own_table(Relation relation) {
    const bool missing_ok = true;
    return RelationGetNamespace(relation) == get_namespace_oid(schema_name, missing_ok) &&
           OidIsValid(get_extension_oid(extension_name, missing_ok));
}

} // namespace bemi::decode
