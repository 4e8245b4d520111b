// Adapts tracking after DDL, for the event triggers: a table may have come into a tracked schema or below a
// tracked table, or have left it. A user's DDL must neither fail nor wait because of bemi: a table that
// cannot be altered at once is left as it is, and bemi.tracked_tables shows it.
#pragma once

#include "base/compat.hpp"

namespace bemi::track::follow {

/// Call it after a table was created, moved to another schema, or made a child of another table.
void came(Oid relation);

/// Call it after the table has ceased to be a partition or child of `parent`.
void left(Oid relation, Oid parent);

/// Call it after ALTER TABLE ... SET LOGGED. PostgreSQL has logged no changes before, and logs no rows that
/// the table has then as changes.
void became_logged(Oid relation);

} // namespace bemi::track::follow
