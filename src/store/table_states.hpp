// bemi.tracking: when the changes of each table were complete. This file alone writes the table.
//
// A table has a row for each stretch of the WAL, and the last one is open as long as its changes are
// complete. A command that changes rows without changes of rows ends a row and begins another. What is said
// of a partitioned table holds for its partitions too.
#pragma once

#include "decode/formats/change_row.hpp"

namespace bemi::store::table_states {

/// Ends or begins rows of the table, and of the partitioned tables at the top that it belongs to or, as
/// `former_root`, belonged to, as the record says. bemi.shapes has the record already. As the owner,
/// connected to SPI.
void note(const decode::TableRecord &table, Oid former_root);

/// Ends the rows of all tables where bemi.progress is: nothing is stored from there on. In a transaction of
/// its own; does nothing where the extension is gone.
void end_all(const char *reason);

/// Writes messages about the tables whose rows do not agree with the catalogs. To be called when the worker
/// begins to read: a table may have been tracked before the slot was made, or without the event triggers.
/// In a transaction of its own, which is flushed to disk.
void look_at_all();

} // namespace bemi::store::table_states
