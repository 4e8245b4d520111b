// The partitions of bemi.changes.
#pragma once

#include "compat.hpp"

namespace bemi::partitions {

/// Makes the partition for changes that were committed then, unless it is there. As the owner of the
/// extension, connected to SPI.
void ensure(TimestampTz time);

/// Forgets what is there, after the transaction that made it was rolled back.
void forget();

/// Makes those that will be needed soon, so that no change has to wait for one. In a transaction of its own.
void make_ahead();

/// Drops those that bemi.retention does not keep, unless somebody is reading; then the next call does. In a
/// transaction of its own.
void drop_expired();

} // namespace bemi::partitions
