// What bemi.capture adds to every context: facts that the server knows and no client can change or forge.
#pragma once

#include "guc.hpp"

namespace bemi::facts {

/// Whether a captured fact may differ from what the last append() saw, the statement aside. Asked for every
/// row.
[[nodiscard]] bool changed();

/// Appends the captured facts as a JSON object in the server's encoding, the key "pg" of the context.
void append(StringInfo json);

} // namespace bemi::facts
