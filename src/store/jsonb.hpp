// JSON text becomes jsonb.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi::store {

/// Makes jsonb of an object with a zero byte behind it, in the current memory context.
[[nodiscard]] Datum jsonb_of(std::string_view json);

/// Makes jsonb of an object with a zero byte behind it, in the current memory context. The error, there too,
/// if jsonb cannot hold it; NULL if it can; any other is raised.
[[nodiscard]] const ErrorData *try_jsonb(std::string_view json, Datum *jsonb);

} // namespace bemi::store
