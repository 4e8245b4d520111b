// Attested logical messages: no client can write one, so what they say can be trusted.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi {

/// Writes a transactional message whose WAL record has the origin DoNotReplicateId; returns the LSN of its
/// end. SQL cannot write such a record: pg_logical_emit_message() uses the session's origin, which is never
/// DoNotReplicateId, because pg_replication_origin_create() does not hand it out. The transaction's other
/// records keep their origin.
inline XLogRecPtr log_attested_message(const char *prefix, std::string_view content) {
    const compat::OriginId origin = compat::session_origin();
    volatile XLogRecPtr end = InvalidXLogRecPtr;
    compat::session_origin() = DoNotReplicateId;
    PG_TRY();
    { end = compat::log_transactional_message(prefix, content.data(), content.size()); }
    PG_FINALLY();
    { compat::session_origin() = origin; }
    PG_END_TRY();
    return end;
}

/// The logical message in the WAL record, in the reader's copy; NULL if the record is of another kind.
[[nodiscard]] inline xl_logical_message *message_in(XLogReaderState *record) {
    if (XLogRecGetRmid(record) != RM_LOGICALMSG_ID)
        return nullptr;
    return reinterpret_cast<xl_logical_message *>(XLogRecGetData(record));
}

/// Whether the WAL record is an attested message with this prefix.
[[nodiscard]] inline bool has_attested_message(XLogReaderState *record, std::string_view prefix) {
    const xl_logical_message *message = message_in(record);
    return message != nullptr && XLogRecGetOrigin(record) == DoNotReplicateId &&
           prefix == message->message; // the content begins with the prefix and a zero byte
}

} // namespace bemi
