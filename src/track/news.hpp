// Tells the worker by messages which tables may not be as they were, so that bemi.tracking and bemi.shapes
// follow. A message belongs to the transaction of the command: if that is rolled back, so is the message.
#pragma once

#include "base/compat.hpp"

namespace bemi::track::news {

/// The relation was altered. Nothing is told of a table that is neither tracked nor a partition of a tracked
/// one.
void altered(Oid relation);

/// A trigger of bemi has come to the relation, or has left it.
void tracked_or_untracked(Oid relation);

/// A command has changed values in the relation.
void rewritten(Oid relation);

/// The relation has become, or has been, a partition of a tracked table, together with its own partitions.
void moved(Oid relation);

/// The tables that the command has dropped, as pg_event_trigger_dropped_objects() has them.
void dropped();

} // namespace bemi::track::news
