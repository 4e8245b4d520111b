// The relation entries of a decoding session. An invalidation only marks entries, because it may arrive while
// an entry is in use; a marked entry is built again at the next change of its relation.
#pragma once

#include "decode/format.hpp"

namespace bemi::decode {

struct RelationCache;

/// Makes the cache of a decoding session in the current memory context. A process has one at a time.
[[nodiscard]] RelationCache *make_relation_cache(const Format &format, const Options &options);

/// The entry of `relation`, valid until the next call. It is built if it is not cached, or was invalidated.
[[nodiscard]] RelationEntry &relation_entry(RelationCache &cache, Relation relation);

} // namespace bemi::decode
