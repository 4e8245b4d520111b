// bemi.shapes: how each tracked table has looked. This file alone writes the table.
#pragma once

#include "decode/formats/change_row.hpp"

namespace bemi::store::shapes {

/// Adds a row if the table does not look as its last row says. A table that was dropped is no partition any
/// more, but looks as it did. As the owner, connected to SPI.
void note(const decode::TableRecord &table);

/// The partitioned table at the top that the table belonged to when it looked as its last row says, or its
/// own OID; InvalidOid if it has no row. As the owner, connected to SPI.
[[nodiscard]] Oid last_root(Oid relation);

} // namespace bemi::store::shapes
