// Validates JSON objects and merges one over another. They stay text: keys and values keep their bytes, so
// that 1.10 stays 1.10.
//
// Members are compared by their decoded keys ("a" equals "\u0061"); of members with equal keys the last one
// counts, as in jsonb.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bemi::json {

/// How deep objects and arrays may be nested, the outermost one included.
inline constexpr size_t max_depth = 512;

/// Why a text was rejected.
struct Fault {
    enum class Kind : uint8_t {
        syntax,        ///< not JSON, or JSON that jsonb cannot hold, as \u0000
        not_an_object, ///< JSON, but an array or a scalar
        number_range,  ///< a number that numeric cannot hold
    };
    Kind kind;
    size_t offset;   ///< in bytes
    char reason[96]; ///< for users: lower case, without a full stop
};

/// Whether `json` is exactly one object by RFC 8259 that jsonb can hold; white space around it is allowed.
/// Without `utf8` the text is in another server encoding, and bytes >= 0x80 are not checked. If the text is
/// rejected, the reason is stored in `fault`, which may be null.
[[nodiscard]] bool validate(std::string_view json, bool utf8, Fault *fault) noexcept;

/// Whether a validated object has no members. The empty text counts as {}.
[[nodiscard]] bool is_empty(std::string_view json) noexcept;

/// The text of the value of the member `name` in a validated object; empty if it has no such member. Throws
/// std::bad_alloc.
[[nodiscard]] std::string_view member(std::string_view json, std::string_view name);

/// Whether a null in a patch is a value like any other, or removes the member.
enum class Nulls : uint8_t { keep, remove };

/// The bytes that merge() writes at most.
[[nodiscard]] constexpr size_t merge_bound(std::string_view base, std::string_view patch) noexcept {
    return base.size() + patch.size() + 2;
}

/// Writes the members of `base` and `patch` to `out` as one object; a member of `patch` replaces that of
/// `base` with an equal key, whole. Both are validated; the empty text counts as {}. `out` has room for
/// merge_bound(base, patch). Returns the number of bytes written. Throws std::bad_alloc.
[[nodiscard]] size_t merge(std::string_view base, std::string_view patch, Nulls nulls, char *out);

} // namespace bemi::json
