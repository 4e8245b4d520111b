// Memory that is used again and again.
#pragma once

#include "base/compat.hpp"

namespace bemi {

/// Makes the text empty. A single huge one must not hold its memory for the rest of the session.
inline void clear(StringInfo text, size_t worth_keeping = 1024 * 1024) {
    if (static_cast<size_t>(text->maxlen) <= worth_keeping)
        return resetStringInfo(text);
    MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(text->data));
    pfree(text->data);
    initStringInfo(text);
    MemoryContextSwitchTo(caller);
}

} // namespace bemi
