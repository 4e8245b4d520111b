// Logical messages that no client can have written.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi {

/// Writes a transactional message whose record bears the origin DoNotReplicateId. SQL cannot set that one:
/// pg_logical_emit_message() takes the session's origin, and pg_replication_origin_create() gives out others.
/// The other records of the transaction keep theirs. Returns where it ends.
inline XLogRecPtr log_attested_message(const char *prefix, std::string_view content) {
    const RepOriginId origin = replorigin_session_origin;
    volatile XLogRecPtr end = InvalidXLogRecPtr;
    replorigin_session_origin = DoNotReplicateId;
    PG_TRY();
    { end = compat::log_transactional_message(prefix, content.data(), content.size()); }
    PG_FINALLY();
    { replorigin_session_origin = origin; }
    PG_END_TRY();
    return end;
}

/// The logical message that the record holds, in the reader's copy; NULL if it holds none.
[[nodiscard]] inline xl_logical_message *message_in(XLogReaderState *record) {
    if (XLogRecGetRmid(record) != RM_LOGICALMSG_ID)
        return nullptr;
    return reinterpret_cast<xl_logical_message *>(XLogRecGetData(record));
}

/// Whether the record holds an attested message with that prefix.
[[nodiscard]] inline bool has_attested_message(XLogReaderState *record, std::string_view prefix) {
    const xl_logical_message *message = message_in(record);
    return message != nullptr && XLogRecGetOrigin(record) == DoNotReplicateId &&
           prefix == message->message; // which begins with the prefix and a zero byte
}

} // namespace bemi
