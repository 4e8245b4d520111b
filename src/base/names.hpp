// Names of relations, and what bemi's own objects are called.
#pragma once

#include "base/compat.hpp"

namespace bemi::names {

/// The extension bemi; invalid where it is not installed in this database.
[[nodiscard]] Oid extension();

/// bemi's own schema; invalid where there is none.
[[nodiscard]] Oid own_schema();

/// The relation of that name in bemi's own schema; invalid if there is none.
[[nodiscard]] Oid own_relation(const char *name);

/// The relation's name with its schema, quoted where SQL needs that.
[[nodiscard]] const char *qualified(Oid relation);

/// The role that owns the relation; invalid if the relation does not exist.
[[nodiscard]] Oid owner_of(Oid relation);

} // namespace bemi::names
