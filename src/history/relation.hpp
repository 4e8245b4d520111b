// The relations that have a past.
#pragma once

#include "base/compat.hpp"

namespace bemi::history {

/// Opens the table whose row type it is. ERROR if it is not the row type of a table.
[[nodiscard]] Relation open_table_of(Oid row_type);

/// Opens the table. ERROR if it is a view or another relation whose changes are not stored.
[[nodiscard]] Relation open_table(Oid relation);

/// ERROR if the transaction has rewritten or truncated the table or one of its partitions: the rows that
/// others see are not in its new files.
void require_old_files(Oid relation);

} // namespace bemi::history
