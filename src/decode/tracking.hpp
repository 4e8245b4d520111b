// Reads from the triggers of a relation whether it is tracked. The historic snapshot shows the triggers as
// they were at the change that is decoded.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi::decode {

struct Tracking {
    bool is_tracked;
    // Whether an enabled trigger emits the context before changes of rows, and before TRUNCATE. Without such
    // a trigger, the context in force belongs to another relation.
    bool has_context_of_rows;
    bool has_context_of_truncate;
    std::string_view arguments; // of the trigger that records the options, as in pg_trigger.tgargs
};

/// Reads pg_trigger under the historic snapshot, in the current memory context.
[[nodiscard]] Tracking tracking_of(Oid relation);

} // namespace bemi::decode
