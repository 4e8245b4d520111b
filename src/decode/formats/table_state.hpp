// What the worker stores about a table itself, in bemi.shapes and bemi.tracking.
#pragma once

#include "decode/relation_entry.hpp"

namespace bemi::decode {

/// Describes the relation as a JSON object, in the current memory context and under the historic snapshot.
/// Its keys are root, schema, table, columns and key, as bemi.shapes has them, and incomplete: why changes of
/// the table may not be stored as a whole, or null.
[[nodiscard]] std::string_view table_state(Relation relation, const RelationEntry &entry);

} // namespace bemi::decode
