// What is in a stretch of the WAL for which there is no slot: it cannot be decoded any more, but it can be
// searched.
#pragma once

#include "base/compat.hpp"

namespace bemi::wal {

/// Whether transactions that were committed between the two positions may have changed rows of this database.
/// The WAL may be missing: then they may. `from` is the progress that bemi.progress has. In no transaction.
[[nodiscard]] bool may_have_changes(XLogRecPtr from, XLogRecPtr to);

} // namespace bemi::wal
