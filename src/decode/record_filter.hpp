// Drops WAL records before they enter the reorder buffer: those that bemi's worker writes, those of origins
// that the client excludes, and messages with bemi's prefixes that are forged or not transactional. A claim
// that is too large loses its content.
#pragma once

#include "base/compat.hpp"

namespace bemi::decode {

/// Callback filter_by_origin_cb: true drops the record that is being read. PostgreSQL calls it for every
/// record of a change or message, with or without an origin.
bool filter_record(LogicalDecodingContext *ctx, compat::OriginId origin);

} // namespace bemi::decode
