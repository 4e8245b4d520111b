// Queries and commands run within one another: a statement calls a function that writes, a trigger writes to
// another table. A frame is one of them, from where it starts or goes on to where it ends or pauses.
#pragma once

#include "base/compat.hpp"

namespace bemi::execution {

/// Claims and facts, of which each has a message of its own.
inline constexpr int message_kinds = 2;

/// A message that was in force, or a null pointer.
struct Kept {
    char *message;
    size_t size;
};

struct Frame {
    Frame *outer;
    int transaction_level; ///< nesting level of the subtransaction in which it began
    bool relies;           ///< rows of its own may follow for which nothing is emitted again
    bool is_fixed;         ///< it writes to a table of level 'statement': one context for all its rows
    Kept
        kept[message_kinds]; ///< what was in force for it, where a frame within it has emitted something else
};

/// The innermost frame. NULL where nothing runs, and in the statement in which the library was loaded.
extern Frame *innermost;

} // namespace bemi::execution
