// Converts text from the database's encoding to UTF-8 or to JSON that is pure ASCII. A character without an
// equivalent becomes U+FFFD instead of an error, so that no value can stop decoding or fail a user's write.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi {

/// Whether text of this database needs no conversion to UTF-8.
inline bool database_is_utf8() {
    return GetDatabaseEncoding() == PG_UTF8;
}

/// The number of ASCII bytes at the start of the text.
[[nodiscard]] size_t ascii_prefix(std::string_view text) noexcept;

/// Looks up the conversion function in the catalog, as the first conversion would. Call it before conversions
/// that run outside of a transaction.
void prepare_conversion();

/// Appends `server_text`, in the database's encoding, as UTF-8.
void append_utf8(StringInfo out, std::string_view server_text);

/// Appends `server_json`, in the database's encoding, with \uXXXX for every character outside of ASCII: the
/// result is valid JSON in every encoding. False if `out` would exceed 1 GB; its content is then incomplete.
[[nodiscard]] bool append_ascii_json(StringInfo out, std::string_view server_json);

/// Appends `utf8_json`, which is in UTF-8, as append_ascii_json() does.
[[nodiscard]] bool append_ascii_json_of_utf8(StringInfo out, std::string_view utf8_json);

/// The size as PostgreSQL's functions take it.
inline int size_of(std::string_view text) {
    return static_cast<int>(text.size());
}

/// The bytes of a text, varchar, bytea or other variable-length value that is detoasted.
inline std::string_view view_of(const struct varlena *value) {
    return {VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

/// The bytes that the buffer holds.
inline std::string_view view_of(const StringInfoData &buffer) {
    return {buffer.data, static_cast<size_t>(buffer.len)};
}

} // namespace bemi
