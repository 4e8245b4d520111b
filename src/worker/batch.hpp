// Changes on their way from the WAL into the table: whole transactions, in the order of their commits. What
// does not fit into memory goes to a temporary file.
#pragma once

#include "compat.hpp"

#include <string_view>

namespace bemi {

class Batch {
public:
    /// In the current memory context.
    void open();

    void add(std::string_view record);

    [[nodiscard]] bool empty() const { return records_ == 0; }
    [[nodiscard]] uint64 records() const { return records_; }
    /// Whether it is time to store it.
    [[nodiscard]] bool full() const {
        return spilled_ != nullptr || static_cast<size_t>(memory_.len) >= enough;
    }
    /// When its first record came.
    [[nodiscard]] TimestampTz begun_at() const { return begun_at_; }

    void clear();

    /// Reads the batch from its start.
    class Reader {
    public:
        explicit Reader(Batch &batch);

        /// The next record, in the batch itself or in the current memory context; NULL behind the last.
        [[nodiscard]] const char *next();

    private:
        const char *from_file();
        const char *from_memory();
        bool read(void *to, size_t size);

        Batch &batch_;
        bool in_file_;
        size_t offset_ = 0; // in memory
    };

private:
    static constexpr size_t enough = 4 << 20, most_in_memory = 16 << 20;

    void spill();

    StringInfoData memory_; // records, each behind its size
    BufFile *spilled_;      // the same, those that came before
    ResourceOwner owner_;   // of the file, which outlives transactions
    uint64 records_;
    TimestampTz begun_at_;
};

} // namespace bemi
