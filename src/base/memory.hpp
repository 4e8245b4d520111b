// Buffers that are used again and again.
#pragma once

#include "base/compat.hpp"

namespace bemi {

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
