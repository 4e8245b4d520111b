#include "decode/own_tables.hpp"

#include "base/names.hpp"

namespace bemi::decode {

bool is_own_table(Relation relation) {
    return RelationGetNamespace(relation) == names::own_schema() && OidIsValid(names::extension());
}

} // namespace bemi::decode
