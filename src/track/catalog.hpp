// What PostgreSQL's catalogs say about what is tracked: the latest state, whatever the transaction's
// snapshot.
#pragma once

#include "base/compat.hpp"
#include "base/tracking_options.hpp"

namespace bemi::catalog {

/// Reads how the relation is tracked, into the current memory context; false if it is not.
[[nodiscard]] bool find(Oid relation, TrackingOptions *options);

[[nodiscard]] bool is_tracked(Oid relation);

/// The partitioned or inherited table that the relation is tracked with, or would be; invalid if there is
/// none.
[[nodiscard]] Oid root_of(Oid relation);

/// The relation and all below it, before what is below them; without those that are being detached.
[[nodiscard]] List *family_of(Oid relation, LOCKMODE lock);

} // namespace bemi::catalog
