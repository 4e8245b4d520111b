// What a decoding session needs before its first transaction.
#pragma once

#include "decode/options/options.hpp"
#include "decode/txn.hpp"

namespace bemi::decode {

/// Reads the client's options; an ERROR if one is wrong. They live as long as the current memory context.
[[nodiscard]] const Options &load_options(List *given);

/// The options, and facts of the cluster and the database.
[[nodiscard]] Session load_session(const Options &options);

} // namespace bemi::decode
