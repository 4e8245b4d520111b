// Whether a relation is tracked, by its triggers, as they were at the change that is being decoded.
#pragma once

#include "base/compat.hpp"

namespace bemi::decode {

struct Tracking {
    bool is_tracked;
    // Whether an enabled trigger puts the context before the relation's rows, and before its truncation. Else
    // the context that is in force is that of other rows.
    bool has_context_of_rows;
    bool has_context_of_truncate;
};

[[nodiscard]] Tracking tracking_of(Oid relation);

} // namespace bemi::decode
