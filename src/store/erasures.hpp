// bemi.erase(): values that people want to be forgotten become null in all stored changes.
#pragma once

#include "decode/formats/change_row.hpp"

namespace bemi::store {

/// What a transaction asks to erase, until all its changes are stored.
class Erasures {
public:
    /// In the current memory context.
    void open();
    void add(const decode::ErasureRecord &erasure);
    [[nodiscard]] bool empty() const { return requests_ == NIL; }
    [[nodiscard]] const decode::ErasureRecord &take_first();

private:
    MemoryContext memory_;
    List *requests_;
};

} // namespace bemi::store

namespace bemi::store::erasures {

/// Erases what is asked for, and stores a change with operation ERASURE that says so. If that fails,
/// bemi.errors says why: one request must not stop the store. As the owner, connected to SPI.
void perform(const decode::ErasureRecord &erasure);

} // namespace bemi::store::erasures
