// Makes values storable: a value that jsonb or an index cannot hold becomes its text as a string or, where
// the text is too large as well, the hash of the text.
#pragma once

#include "store/errors.hpp"

namespace bemi::store::storable {

/// The jsonb for the column `name` of `json`, an object with a zero byte behind it.
[[nodiscard]] Datum jsonb_of(std::string_view json, const char *name, errors::Loss &loss);

/// The text of a primary key as a value for a column with an index.
[[nodiscard]] Datum key_of(std::string_view text);

/// The value for the column primary_key.
[[nodiscard]] Datum key_of(std::string_view text, errors::Loss &loss);

} // namespace bemi::store::storable
