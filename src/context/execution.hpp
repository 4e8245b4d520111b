// Follows what runs within what, so that a query has its own context again after another one ran within it,
// and so that what a transaction does at its end is told from its last statement.
#pragma once

namespace bemi::execution {

/// To be called once, when the library is loaded.
void watch_queries();

/// Whether the client's statement runs in a transaction block, in a string of several statements or within a
/// pipeline, all of which end with their transaction.
[[nodiscard]] bool in_transaction_block();

} // namespace bemi::execution
