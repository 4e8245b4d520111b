// Which timeline a position of the WAL is of: that of this server, or one of those before.
#pragma once

#include "change_id.hpp"
#include "compat.hpp"

namespace bemi::decode {

/// The timeline of a position that this server has written or replayed.
[[nodiscard]] Timeline timeline_of(XLogRecPtr position);

} // namespace bemi::decode
