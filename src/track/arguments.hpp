// The options of a tracked table to and from the arguments of its trigger, as pg_trigger holds them.
#pragma once

#include "base/compat.hpp"
#include "base/tracking_options.hpp"

namespace bemi {

/// Those that are understood. The options point into `arguments`.
[[nodiscard]] TrackingOptions read_arguments(const bytea *arguments);

/// As a list of String nodes, for CREATE TRIGGER.
[[nodiscard]] List *list_arguments(const TrackingOptions &options);

} // namespace bemi
