// Takes the JSON from the comments that the scanner has found. A bad one must not fail the user's write, so
// it is ignored, and logged at debug1.
#pragma once

#include "base/compat.hpp"
#include "base/key_list.hpp"

#include <string_view>

namespace bemi::context::accept {

/// Whether the JSON of a comment is a valid context.
[[nodiscard]] bool json(std::string_view json);

/// What a comment of tags says: JSON objects in the database's encoding, each empty if the comment has none.
struct Tags {
    std::string_view tags; ///< the listed tags
    std::string_view json; ///< the value of the tag `bemi`, which counts as a comment with JSON
};

/// Reads the tags whose keys are listed. The result is in the current memory context.
[[nodiscard]] Tags tags(std::string_view text, KeyList listed);

} // namespace bemi::context::accept
