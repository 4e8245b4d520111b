// What the event triggers do when a table has come to where tables are tracked, or has left. A user's DDL
// must neither fail nor wait for it: what cannot be followed at once is left alone, and shown by
// bemi.tracked_tables.
#pragma once

#include "base/compat.hpp"

namespace bemi::follow {

/// The table has appeared, in a schema or below another table.
void came(Oid relation);

/// The table does not belong to `parent` any more.
void left(Oid relation, Oid parent);

} // namespace bemi::follow
