// The logical messages which say that a table may have changed: the way in which it is tracked, its columns,
// or rows of it that no change tells of. They are attested, so no client can write one. A message does not
// say how the table is: the worker looks at the catalogs as they are at that place of the WAL.
#pragma once

#include "base/compat.hpp"

#include <optional>
#include <string_view>

namespace bemi {

/// Why a session or the worker looks at a table.
enum class TableEvent : uint8 {
    changed,    // a change of a row of it was decoded; not in a message
    altered,    // by a command
    rewritten,  // a command has changed values of its rows
    moved_rows, // it came to a partitioned table, or left one, with its rows
    found,      // by the worker, which looks at all tables when it starts
};

namespace table_message {

// The content of such a message is the OID of the table and the name of the event.
inline constexpr char prefix[] = "_bemi_table";

struct Content {
    Oid table;
    TableEvent event;
};

/// Writes a transactional message, unless wal_level is below logical: then nobody could read it.
void write(const Content &content);

/// Reads an attested message. Nothing if another version of the library has written it.
[[nodiscard]] std::optional<Content> read(std::string_view message);

} // namespace table_message
} // namespace bemi
