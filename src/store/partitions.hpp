// The partitions of bemi.changes.
#pragma once

#include "base/compat.hpp"

namespace bemi::partitions {

/// Makes the partition for changes that were committed then, unless it is there. As the owner of the
/// extension, connected to SPI.
void ensure(TimestampTz time);

/// Forgets what is there, after the transaction that made it was rolled back.
void forget();

/// Makes those that will be needed soon, so that no change has to wait for one. Where that would have to wait
/// for somebody, the next call does. In a transaction of its own.
void make_ahead();

/// bemi.changes.
[[nodiscard]] Oid changes();

} // namespace bemi::partitions
