// The changes of this database, decoded in this process from the WAL that its slot keeps.
#pragma once

#include "decode/formats/change_row.hpp"
#include "store/batch.hpp"
#include "store/progress.hpp"

namespace bemi::worker {

class WalDecoder {
public:
    /// Acquires the slot. What is stored already is not wanted again. Outside of transactions, in a memory
    /// context that lasts.
    void open(const store::progress::Progress &stored, store::Batch &batch);

    /// Adds to the batch what the WAL has up to `end`, or less if that is enough for a batch.
    void read(XLogRecPtr end);

    /// All transactions that were committed before are in the batch, or were.
    [[nodiscard]] XLogRecPtr position() const { return decoding_->reader->EndRecPtr; }

    /// Whether PostgreSQL's reader still has the memory for a record that was exceptionally large: it frees
    /// that memory only when the process ends.
    [[nodiscard]] bool has_large_buffer() const {
        constexpr uint32 large = 8 << 20;
        return decoding_->reader->readRecordBufSize > large;
    }

private:
    static void take_output(LogicalDecodingContext *decoding, XLogRecPtr, TransactionId, bool);
    [[nodiscard]] bool is_stored(const decode::RecordHeader &header) const;
    void take(std::string_view record);
    void read_record();

    LogicalDecodingContext *decoding_;
    store::Batch *batch_;
    store::progress::Part stored_;
};

} // namespace bemi::worker
