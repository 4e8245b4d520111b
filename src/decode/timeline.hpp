// Which timeline a position of the WAL is of: that of this server, or one of those before.
#pragma once

#include "base/compat.hpp"
#include "decode/change_id.hpp"

namespace bemi::decode {

/// The timeline of a position that this server has written or replayed.
[[nodiscard]] Timeline timeline_of(XLogRecPtr position);

} // namespace bemi::decode
