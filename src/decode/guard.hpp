// Keeps the stream going when the output function of a type fails for a value: the value is left out of its
// change. Any role can store such values, for example one nested so deeply that the input function just
// accepts it, while the output function needs more stack.
#pragma once

#include "decode/format.hpp"

namespace bemi::decode {

/// Writes the change without its unreadable values, which are marked in its rows. If the change cannot be
/// written at all, calls Format::missing, or raises the ERROR in a format without that function.
void write_guarded(json::Writer &line, const Format &format, const Session &session, const Txn &txn,
                   const Change &change);

/// Writes a value that is not null. Returns false, and has written nothing, if that will always fail.
[[nodiscard]] bool write_value_guarded(json::Writer &out, ValueWriter &writer, Datum value);

} // namespace bemi::decode
