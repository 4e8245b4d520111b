// Text in the database's encoding, turned into UTF-8 or into JSON of ASCII only. Total: what has no
// equivalent becomes U+FFFD, never an error, so that no value can stop a stream or a user's write.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi {

/// Whether text of this database is UTF-8 as it is.
inline bool database_is_utf8() {
    return GetDatabaseEncoding() == PG_UTF8;
}

/// Length of the leading run of ASCII.
[[nodiscard]] size_t ascii_prefix(std::string_view text) noexcept;

/// Does now what the functions below would do with the catalog when they are first called. For callers that
/// will have no transaction then.
void prepare_conversion();

/// Appends `server_text`, in the database's encoding, as UTF-8.
void append_utf8(StringInfo out, std::string_view server_text);

/// Appends `server_json`, in the database's encoding, with every other character than ASCII as \uXXXX: valid
/// JSON in UTF-8 and in any database's encoding alike. False if it does not fit into 1 GB; `out` is then of
/// no use.
[[nodiscard]] bool append_ascii_json(StringInfo out, std::string_view server_json);

/// The same for JSON that is UTF-8 already.
[[nodiscard]] bool append_ascii_json_of_utf8(StringInfo out, std::string_view utf8_json);

/// View of a text, varchar, bytea or other variable-length value that needs no detoasting any more.
inline std::string_view view_of(const struct varlena *value) {
    return {VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

inline std::string_view view_of(const StringInfoData &buffer) {
    return {buffer.data, static_cast<size_t>(buffer.len)};
}

} // namespace bemi
