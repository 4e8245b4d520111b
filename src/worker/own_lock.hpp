// Locks of the current database by which bemi's processes and sessions find each other.
#pragma once

#include "base/compat.hpp"

namespace bemi::worker {

// Advisory locks, because a session lock of another kind would be released when a transaction aborts. SQL
// functions cannot take advisory locks of these classes.
enum class LockClass : uint16 { worker = 16, requests, listeners };

[[nodiscard]] inline LOCKTAG tag_of(LockClass lock_class) {
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, 0, static_cast<uint16>(lock_class));
    return tag;
}

} // namespace bemi::worker
