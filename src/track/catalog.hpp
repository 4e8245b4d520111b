// Reads from PostgreSQL's catalogs which relations are tracked. The latest state counts, not the
// transaction's snapshot.
#pragma once

#include "base/compat.hpp"
#include "base/tracking_options.hpp"

namespace bemi::track::catalog {

/// Reads the options of a tracked relation, in the current memory context. False if it is not tracked.
[[nodiscard]] bool find(Oid relation, TrackingOptions *options);

[[nodiscard]] bool is_tracked(Oid relation);

/// The highest tracked table above the relation, from which it inherits directly or not; InvalidOid if none
/// of its ancestors is tracked.
[[nodiscard]] Oid root_of(Oid relation);

/// The relation, then all its descendants, parents before children. Partitions that are being detached are
/// left out.
[[nodiscard]] List *family_of(Oid relation, LOCKMODE lock);

} // namespace bemi::track::catalog
