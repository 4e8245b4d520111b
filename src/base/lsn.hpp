// Positions in the WAL as text.
#pragma once

#include "base/compat.hpp"

namespace bemi {

/// As PostgreSQL prints it, in the current memory context.
[[nodiscard]] inline char *lsn_text(XLogRecPtr lsn) {
    return psprintf("%X/%X", static_cast<uint32>(lsn >> 32), static_cast<uint32>(lsn));
}

} // namespace bemi
