// Buffers that are used again and again, and what to do when memory runs out.
#pragma once

#include "base/compat.hpp"

namespace bemi {

/// Whether a value that needs more memory than there is counts as one that can never be written. The worker
/// sets it once several attempts in a row have failed for lack of memory: a single row must not keep all
/// others from being stored.
inline constinit bool gives_up_for_memory = false;

/// Whether an error is lack of memory, and will be so again.
inline bool is_permanent_lack_of_memory(const ErrorData &error) {
    return gives_up_for_memory && error.sqlerrcode == ERRCODE_OUT_OF_MEMORY;
}

/// Makes the buffer empty. It gives back more than `worth_keeping` bytes, so that one huge text does not hold
/// its memory for the rest of the session.
inline void clear(StringInfo text, size_t worth_keeping = 1024 * 1024) {
    if (static_cast<size_t>(text->maxlen) <= worth_keeping)
        return resetStringInfo(text);
    MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(text->data));
    pfree(text->data);
    initStringInfo(text);
    MemoryContextSwitchTo(caller);
}

} // namespace bemi
