// bemi.errors: changes that cannot be stored, because of what they are. The others go on without them.
#pragma once

#include "decode/record.hpp"

namespace bemi::errors {

/// Whether the same change would fail again, whatever becomes of the server and of those who interrupt us.
[[nodiscard]] bool is_lasting(const ErrorData &error);

/// Notes the change, in the caller's transaction. Its rows may be missing.
void note(const decode::Record &change, const ErrorData &error);

/// The changes noted that come at or behind `position`, in their order and in the current memory context.
[[nodiscard]] std::span<const decode::ChangeKey> noted_from(XLogRecPtr position);

} // namespace bemi::errors
