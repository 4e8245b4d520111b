// The partitions of bemi.changes.
#pragma once

#include "compat.hpp"

namespace bemi::partitions {

/// Makes the partition for changes that were committed then, unless it is there. As the owner of the
/// extension, connected to SPI.
void ensure(TimestampTz time);

/// Forgets what is there, after the transaction that made it was rolled back.
void forget();

/// Makes those that will be needed soon, so that no change has to wait for one. Where that would have to wait
/// for somebody, the next call does. In a transaction of its own.
void make_ahead();

/// Those that bemi.retention does not keep. In a transaction of its own.
[[nodiscard]] List *expired();

/// Drops one of them, unless somebody is reading; then it stays expired. In a transaction of its own.
void drop_expired(Oid partition);

} // namespace bemi::partitions
