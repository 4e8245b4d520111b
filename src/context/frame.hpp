// Queries and commands run within one another: a statement calls a function that writes, or a trigger writes
// to another table. A frame is a call of the executor for a query, or a utility command.
#pragma once

#include "base/compat.hpp"

namespace bemi::context::execution {

/// The kinds of messages: claims and facts.
inline constexpr int message_kinds = 2;

/// A message that was in force; null if none is kept.
struct Kept {
    char *message;
    size_t size;
};

struct Frame {
    Frame *outer;
    int transaction_level; ///< nesting level of the subtransaction in which the frame began
    bool relies;           ///< it may write more rows for which it emits nothing again
    bool is_fixed;         ///< it writes to a table of level 'statement': one context for all its rows
    /// The messages that were in force for it before a frame within it emitted others.
    Kept kept[message_kinds];
};

/// The innermost frame. NULL if no query runs, and in the statement that has loaded the library.
extern Frame *innermost;

} // namespace bemi::context::execution
