// bemi.erase(): values that people want to be forgotten become null in all stored changes.
#pragma once

#include "decode/formats/change_row.hpp"

namespace bemi::store::erasures {

/// A copy in the current memory context.
[[nodiscard]] decode::ErasureRecord *copy_of(const decode::ErasureRecord &erasure);

/// Erases what is asked for, and stores a change with operation ERASURE that says so. If that fails,
/// bemi.errors says why: one request must not stop the store. As the owner, connected to SPI.
void perform(const decode::ErasureRecord &erasure);

} // namespace bemi::store::erasures
