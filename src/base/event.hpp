// What the functions of event triggers are called for.
#pragma once

#include "base/compat.hpp"

namespace bemi {

/// The command; an ERROR if it is not an event trigger that calls.
[[nodiscard]] Node *command_of(FunctionCallInfo fcinfo);

} // namespace bemi
