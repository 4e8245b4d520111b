// The changes of this database, decoded in this process from the WAL that its slot keeps.
#pragma once

#include "batch.hpp"
#include "decode/record.hpp"

namespace bemi {

class Stream {
public:
    /// Acquires the slot. Transactions that were committed before `from` are not wanted again, nor are the
    /// changes of `given_up`. Outside of transactions, in a memory context that lasts.
    void open(XLogRecPtr from, std::span<const decode::ChangeKey> given_up, Batch &batch);

    /// Adds to the batch what the WAL has up to `end`, or less if that is enough for a batch.
    void read(XLogRecPtr end);

    /// All transactions that were committed before are in the batch, or were.
    [[nodiscard]] XLogRecPtr position() const { return decoding_->reader->EndRecPtr; }

    /// The change that an ERROR kept from the batch, without its rows.
    [[nodiscard]] std::optional<decode::Record> unfinished() const;

private:
    void read_record();

    LogicalDecodingContext *decoding_; // NULL before open()
    Batch *batch_;
};

} // namespace bemi
