// bemi.moved_keys: the changes that gave a row another primary key.
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

} // namespace bemi::store
