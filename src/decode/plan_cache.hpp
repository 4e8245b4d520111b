// The plans of the relations that a session decodes. Invalidations only mark plans, because they may arrive
// while one is in use; a marked plan is made anew when its relation comes next.
#pragma once

#include "formats/format.hpp"

namespace bemi::decode {

struct PlanCache;

/// One per decoding session, in the current memory context.
[[nodiscard]] PlanCache *make_plan_cache(const Format &format, const Options &options);

/// The plan of `relation`, valid until this is called again.
[[nodiscard]] RelationPlan &plan_for(PlanCache &cache, Relation relation);

} // namespace bemi::decode
