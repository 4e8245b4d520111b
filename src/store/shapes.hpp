// bemi.shapes: how each tracked table has looked. This file alone writes the table.
#pragma once

#include "decode/formats/change_row.hpp"

namespace bemi::store::shapes {

/// Adds a row if the table does not look as its last row says. As the owner, connected to SPI.
void note(const decode::TableRecord &table);

} // namespace bemi::store::shapes
