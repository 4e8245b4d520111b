// Values as the table can have them: what jsonb or an index cannot hold becomes the string of its text or,
// where that is too large as well, the hash of its text.
#pragma once

#include "store/errors.hpp"

namespace bemi::storable {

/// Of JSON, an object with a zero byte behind it, for the column `name`.
[[nodiscard]] Datum jsonb_of(std::string_view json, const char *name, errors::Loss &loss);

/// Of the text of a primary key.
[[nodiscard]] Datum key_of(std::string_view text, errors::Loss &loss);

} // namespace bemi::storable
