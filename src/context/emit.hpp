// Writes the context in force to the WAL, before the rows to which it belongs.
#pragma once

#include "base/compat.hpp"
#include "context/frame.hpp"

#include <optional>
#include <string_view>

namespace bemi::context::emit {

/// The rows for which the context is emitted.
enum class Rows : uint8_t {
    next,        ///< the next row
    all_to_come, ///< all rows that the running query or command will write: they keep this context
};

/// Emits the context in force if it differs from what this transaction last emitted.
void if_changed(Rows rows);

/// Emits the context in force even if it equals what this transaction last emitted: a trigger that is not
/// bemi's may have written a message since.
void again();

/// The claim that all rows of the running query get, whatever the context is now, because the query writes to
/// a table of level 'statement'; nothing if the rows get the context in force.
[[nodiscard]] std::optional<std::string_view> fixed_claim();

/// Emits the messages kept for the frame again. Call it when a frame within it has ended.
void restore(execution::Frame &frame);

/// Frees the messages kept for the frame.
void free_kept(execution::Frame &frame);

} // namespace bemi::context::emit
