// bemi.moved_keys: the changes that gave a row another primary key. This file alone writes the table.
#pragma once

#include "decode/formats/change_row.hpp"

namespace bemi::store {

/// The moved keys of a part of a batch.
class MovedKeys {
public:
    /// `memory` holds them; it is reset after store().
    void open(MemoryContext memory);

    void add(const decode::ChangeRow &change);

    /// Writes the rows, and forgets them. As the owner, connected to SPI.
    void store();

private:
    static constexpr int columns = 5;

    MemoryContext memory_;
    int rows_;
    ArrayBuildState *arrays_[columns];
};

namespace moved_keys {

/// Deletes the rows of changes that the partition of bemi.changes holds, which is about to be dropped. As the
/// owner, connected to SPI.
void forget(Oid partition);

} // namespace moved_keys
} // namespace bemi::store
