// Looks for changes in a stretch of WAL for which there is no slot any more: such WAL cannot be decoded, but
// its records can be read.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker::wal {

/// Whether a transaction that was committed between the two positions may have changed rows of this database.
/// True where WAL is missing. `from` is the position in bemi.progress. Call outside of transactions.
[[nodiscard]] bool may_have_changes(XLogRecPtr from, XLogRecPtr to);
/// The same within a transaction.
[[nodiscard]] bool may_have_changes_in_transaction(XLogRecPtr from, XLogRecPtr to);

} // namespace bemi::worker::wal
