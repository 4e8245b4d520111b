// What the functions of event triggers have in common.
#pragma once

#include "base/compat.hpp"

namespace bemi {

/// The parse tree of the command for which the event trigger fires. ERROR if no event trigger called the
/// function.
[[nodiscard]] Node *command_of(FunctionCallInfo fcinfo);

} // namespace bemi
