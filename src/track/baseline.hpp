// Requests baselines: the worker is to store the rows that tables have.
#pragma once

#include "base/compat.hpp"

namespace bemi::track::baseline {

/// Requests a baseline of a tracked table with its partitions and children. ERROR if it is not tracked, or
/// the current user does not own it.
void request(Oid relation);

/// The same without these checks.
void request_family(Oid relation);

/// Requests a baseline of one table that has just come to be tracked, if it may have rows. It must be locked.
void request_if_filled(Oid relation);

} // namespace bemi::track::baseline
