// Hooks into the executor and utility commands, to know which query runs within which: after a query has run
// within another one, the outer one gets its own context again. They also tell work at the end of a
// transaction from its last statement.
#pragma once

namespace bemi::context::execution {

/// Installs the hooks. Call it once, when the library is loaded.
void watch_queries();

/// Whether the client's statement runs in a transaction block, in a string of several statements or in a
/// pipeline, so that the transaction does not end with the statement.
[[nodiscard]] bool in_transaction_block();

} // namespace bemi::context::execution
