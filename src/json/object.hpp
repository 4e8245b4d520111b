// JSON objects as text: is it one, is it empty, and one merged over another. Nothing is ever rewritten: keys
// and values keep the bytes that were written, so that 1.10 stays 1.10.
//
// Members are compared by their decoded keys ("a" is "\u0061"); of several with the same key the last wins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bemi::json_object {

/// So many objects and arrays may be nested, the outermost included.
inline constexpr size_t max_depth = 512;

struct Fault {
    enum class Kind : uint8_t {
        syntax,        ///< not JSON, or JSON that jsonb cannot hold, as \u0000
        not_an_object, ///< JSON, but an array or a scalar
        number_range,  ///< a number that numeric cannot hold
    };
    Kind kind;
    size_t offset;   ///< in bytes
    char reason[96]; ///< in plain words, without a full stop
};

/// Whether `json` is exactly one object by RFC 8259, with or without white space around it, that jsonb could
/// hold. With `utf8` unset the text is in another server encoding, and bytes >= 0x80 are accepted as they
/// are. `fault`, which may be null, says what is wrong.
[[nodiscard]] bool validate(std::string_view json, bool utf8, Fault *fault) noexcept;

/// Whether an object that was validated has no members. The empty text has none either.
[[nodiscard]] bool is_empty(std::string_view json) noexcept;

/// The text of the member of that name in an object that was validated; empty if there is none. May throw
/// std::bad_alloc.
[[nodiscard]] std::string_view member(std::string_view json, std::string_view name);

/// What a null in a patch means: a value like any other, or that the member is to be removed.
enum class Nulls : uint8_t { keep, remove };

/// What merge() may need.
[[nodiscard]] constexpr size_t merge_bound(std::string_view base, std::string_view patch) noexcept {
    return base.size() + patch.size() + 2;
}

/// Writes `base` with the members of `patch` added to it or in the place of its own to `out`, which has room
/// for merge_bound(base, patch); returns the size written. Both were validated; the empty text counts as {}.
/// Only the top level is merged. May throw std::bad_alloc.
[[nodiscard]] size_t merge(std::string_view base, std::string_view patch, Nulls nulls, char *out);

} // namespace bemi::json_object
