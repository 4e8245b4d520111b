// The facts that bemi.capture adds to the context: the server knows them, and no client can forge them.
#pragma once

#include "guc.hpp"

namespace bemi::context::facts {

/// Whether a captured fact other than the statement may have changed since the last append(). It is called
/// for every row, so it must be cheap.
[[nodiscard]] bool changed();

/// Appends the captured facts as a JSON object in the server's encoding, the value of the key "pg".
void append(StringInfo json);

} // namespace bemi::context::facts
