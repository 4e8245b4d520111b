// What the planner learns of bemi.as_of(): WHERE id = 4711 becomes the function's argument `keys`.
#pragma once

namespace bemi::history {

/// Installs the planner's hook.
void watch_planning();

} // namespace bemi::history
