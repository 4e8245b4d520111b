// Names of relations, and bemi's own objects by their names.
#pragma once

#include "base/compat.hpp"

namespace bemi::names {

/// The OID of the extension; InvalidOid if it is not installed in this database.
[[nodiscard]] Oid extension();

/// Keeps the extension, if it is installed, from being dropped before the current transaction ends. DROP
/// EXTENSION takes its lock before those of the tables, so neither waits for the other with locks in hand.
void hold_extension();

/// The OID of the schema "bemi"; InvalidOid if it does not exist.
[[nodiscard]] Oid own_schema();

/// The OID of the relation in the schema "bemi"; InvalidOid if it does not exist.
[[nodiscard]] Oid own_relation(const char *name);

/// The same, InvalidOid too if the extension is not installed: tables may outlive it.
[[nodiscard]] Oid installed_relation(const char *name);

/// The relation's qualified name for an SQL command, with quotes where they are needed.
[[nodiscard]] const char *qualified(Oid relation);

/// The relation's qualified name for a message, which puts it in double quotes.
[[nodiscard]] const char *unquoted(Oid relation);

/// The role that owns the relation; InvalidOid if the relation does not exist.
[[nodiscard]] Oid owner_of(Oid relation);

} // namespace bemi::names
