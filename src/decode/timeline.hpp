// Finds the timeline of a position in the WAL: the current timeline or one of its ancestors.
#pragma once

#include "base/compat.hpp"
#include "decode/change_id.hpp"

namespace bemi::decode {

/// The timeline of `position`, which this server must have written or replayed.
[[nodiscard]] Timeline timeline_of(XLogRecPtr position);

} // namespace bemi::decode
