// Writing a change although the output function of a type may fail for a value: that value is left out, and
// the stream goes on. Any role can make such values; a deep one, say, that its type's input function takes,
// but whose output needs a deeper stack.
#pragma once

#include "decode/format.hpp"

namespace bemi::decode {

/// Writes the change. Its unreadable values are left out, and marked in its rows; if it cannot be written at
/// all, the format may say so, or the ERROR is raised.
void write_guarded(JsonWriter &line, const Format &format, const Session &session, const Txn &txn,
                   const Change &change);

} // namespace bemi::decode
