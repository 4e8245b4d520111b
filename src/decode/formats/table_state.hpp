// What the worker stores about a table itself.
#pragma once

#include "decode/relation_entry.hpp"

namespace bemi::decode {

/// Describes the relation as a JSON object with the keys relation, root, schema, table, columns and key, as
/// bemi.shapes has them. In the current memory context, under the historic snapshot.
[[nodiscard]] std::string_view table_state(Relation relation, const RelationEntry &entry);

} // namespace bemi::decode
