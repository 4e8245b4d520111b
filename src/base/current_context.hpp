// The context that a change of the caller would carry, for bemi's functions that note who has called them.
#pragma once

#include "base/compat.hpp"

namespace bemi {

/// As jsonb, in the current memory context; an empty object if there is none. Call it as the caller, because
/// the context may tell who that is. ERROR if the setting is no context.
[[nodiscard]] Datum current_context();

} // namespace bemi
