// Reads what a decoding session needs before its first transaction.
#pragma once

#include "decode/options/options.hpp"
#include "decode/txn.hpp"

namespace bemi::decode {

/// Reads the options that the client gave; raises an ERROR (22023) if one is wrong. The result lives as long
/// as the current memory context.
[[nodiscard]] const Options &load_options(List *given);

/// Reads the properties of the cluster and the database.
[[nodiscard]] Session load_session(const Options &options);

} // namespace bemi::decode
