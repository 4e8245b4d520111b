// Changes on their way from the WAL into the table: whole transactions, in the order of their commits. What
// does not fit into memory goes to a temporary file.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi {

class Batch {
    /// What comes before each record, and before a context that the records behind it have.
    struct EntryHeader {
        uint32 size;
        bool is_context;
    };

public:
    /// In the current memory context.
    void open();

    /// Of a context only the first of several records in a row takes room.
    void add(std::string_view record, std::string_view context);

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
        /// In the current memory context.
        explicit Reader(Batch &batch);

        /// The next record, in the batch itself or in the current memory context; NULL behind the last.
        [[nodiscard]] const char *next();
        /// The context of that record, valid until next() is called again.
        [[nodiscard]] const char *context() const { return context_.data; }

    private:
        bool next_entry(EntryHeader &entry);
        const char *bytes_of(const EntryHeader &entry);
        void read(void *to, size_t size);
        void read_context(const EntryHeader &entry);

        Batch &batch_;
        bool in_file_;
        size_t offset_ = 0; // in memory
        StringInfoData context_;
    };

private:
    static constexpr size_t enough = 4 << 20, max_in_memory = 16 << 20;

    void add_context(std::string_view context);
    void add_entry(std::string_view bytes, bool is_context);
    void append(const void *bytes, size_t size);
    void spill();

    StringInfoData memory_;  // entries, each behind its header
    StringInfoData context_; // of the last record
    BufFile *spilled_;       // the same, those that came before
    ResourceOwner owner_;    // of the file, which outlives transactions
    uint64 records_;
    TimestampTz begun_at_;
};

} // namespace bemi
