// The partitions of bemi.changes.
#pragma once

#include "base/compat.hpp"

namespace bemi::store::partitions {

/// Makes the partition for changes that were committed at `time`, unless it exists. As the owner, connected
/// to SPI.
void ensure(TimestampTz time);

/// Forgets which partition was used last, after the transaction that made it was rolled back.
void forget();

/// Makes the partitions that will be needed soon, so that storing has to wait for none. Where a lock is not
/// available at once, the next call tries again. In a transaction of its own.
void make_ahead();

/// The OID of bemi.changes.
[[nodiscard]] Oid changes();

} // namespace bemi::store::partitions
