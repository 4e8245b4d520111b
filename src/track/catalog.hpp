// The rows of bemi.tracked: which relation is tracked, how, and what it was before.
#pragma once

#include "level.hpp"

namespace bemi::catalog {

struct Tracked {
    Oid relation;
    Level level;
    Oid root;       // the partitioned or inherited table that it is tracked with; invalid if tracked itself
    bool by_schema; // tracked because of its schema
    char previous_identity;  // pg_class.relreplident before
    NameData previous_index; // the index of that identity, where it was 'i'
};

/// Reads the row of `relation`; false if it is not tracked.
[[nodiscard]] bool find(Oid relation, Tracked *tracked);

/// Inserts the row. There is no ON CONFLICT for a user_catalog_table; the lock on the relation makes it
/// needless.
void insert(const Tracked &tracked);

/// Updates level, root and by_schema. What the relation was before is written once.
void update(const Tracked &tracked);

void remove(Oid relation);

/// Relations tracked by themselves, not with another.
[[nodiscard]] List *roots();

/// Relations tracked with `root`.
[[nodiscard]] List *members(Oid root);

/// The level for tables that appear in the schema; false if it is not tracked.
[[nodiscard]] bool find_schema(Oid schema, Level *level);

} // namespace bemi::catalog
