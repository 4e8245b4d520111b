// The relations of the relations that a session decodes. Invalidations only mark relations, because they may
// arrive while one is in use; a marked entry is made anew when its relation comes next.
#pragma once

#include "decode/format.hpp"

namespace bemi::decode {

struct RelationCache;

/// One per decoding session, in the current memory context.
[[nodiscard]] RelationCache *make_relation_cache(const Format &format, const Options &options);

/// The entry of `relation`, valid until this is called again.
[[nodiscard]] RelationEntry &relation_entry(RelationCache &cache, Relation relation);

} // namespace bemi::decode
