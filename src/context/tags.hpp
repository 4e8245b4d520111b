// The tags in a comment as sqlcommenter writes it:
//
//     SELECT * FROM todo
//     /*controller='todos',traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/
//
// The comment's whole text is key='value', once or more, with commas between; white space around keys, "="
// and commas is allowed. In a key and a value %XX stands for a byte of UTF-8, and in a value \' for a quote.
#pragma once

#include "base/key_list.hpp"

namespace bemi::context::tags {

/// A tag as it is written, without the quotes around the value.
struct Tag {
    std::string_view key;
    std::string_view value;
};

/// Takes the first tag, with the comma after it, off the text. False, and `tag` unchanged, if the text does
/// not begin with one that ends at a comma or at the end of the text.
[[nodiscard]] bool take(std::string_view &text, Tag &tag) noexcept;

/// Whether the list has the key, which is as it is written, or has "*".
[[nodiscard]] bool is_listed(std::string_view key, KeyList keys) noexcept;

/// Whether the key, which is as it is written, is this one.
[[nodiscard]] bool is_called(std::string_view key, std::string_view name) noexcept;

/// Whether a comment's text consists of tags, and the list has the key of one of them.
[[nodiscard]] bool has_listed(std::string_view text, KeyList keys) noexcept;

/// Decodes a key or a value in place; returns its size then. A "%" that two hexadecimal digits do not follow
/// stays as it is.
[[nodiscard]] size_t decode(char *text, size_t size) noexcept;

} // namespace bemi::context::tags
