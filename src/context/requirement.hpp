// What a write gets that lacks a context where one is required: by bemi.require_context, or by the option of
// its table. The stricter of both counts.
#pragma once

#include "guc.hpp"

namespace bemi::context::requirement {

/// Whether a context may be required. It is called for every row, so it must be cheap: a trigger that fires
/// has no arguments unless its table has the option.
inline bool is_possible(const Trigger &trigger) {
    return guc::require_context != static_cast<int>(Requirement::off) || trigger.tgnargs > 0;
}

/// ERROR if the context in force lacks what is required, or a WARNING for the first such write of the
/// client's statement. Writes that come from another server are exempt.
void check(Relation relation, const Trigger &trigger);

} // namespace bemi::context::requirement
