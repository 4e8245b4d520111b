// What the records about tables say, on its way into bemi.shapes and bemi.tracking.
#pragma once

#include "decode/formats/change_row.hpp"

namespace bemi::store::tables {

/// Stores what is new in the record. As the owner, connected to SPI.
void note(const decode::TableRecord &table);

} // namespace bemi::store::tables
