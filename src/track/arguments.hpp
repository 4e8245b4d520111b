// Converts the options of a tracked table from and to the arguments of its trigger.
#pragma once

#include "base/compat.hpp"
#include "base/tracking_options.hpp"

namespace bemi::track {

/// Reads the options from pg_trigger.tgargs, and ignores invalid arguments. The options point into
/// `arguments`.
[[nodiscard]] TrackingOptions read_arguments(const bytea *arguments);

/// Returns the arguments for CREATE TRIGGER, a list of String nodes: of the trigger that records the options,
/// and of the other ones.
[[nodiscard]] List *list_arguments(const TrackingOptions &options);
[[nodiscard]] List *list_requirement(const TrackingOptions &options);

} // namespace bemi::track
