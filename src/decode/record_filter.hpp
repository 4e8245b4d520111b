// Which records of the WAL are dropped before they are queued: what our worker writes, those of an origin
// that the client does not want, and messages with our prefixes that are forged, too large, or of no
// transaction.
#pragma once

#include "base/compat.hpp"

namespace bemi::decode {

/// Whether the record that is being read is dropped. PostgreSQL asks for each, also for those that have no
/// origin.
bool filter_record(LogicalDecodingContext *ctx, RepOriginId origin);

} // namespace bemi::decode
