// Changes on their way from the WAL into bemi.changes: whole transactions, in the order of their commits, or
// what is still to be stored of one.
// What does not fit into memory goes to a temporary file.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi::store {

class Batch {
    /// Stands before each record, and before a context, which holds for the changes that follow.
    struct EntryHeader {
        uint32 size;
        bool is_context;
    };

public:
    /// In the current memory context.
    void open();

    /// Adds a change. A context that several changes in a row share is kept once.
    void add(std::string_view change, std::string_view context);
    /// Adds a record of another kind.
    void add(std::string_view record);

    [[nodiscard]] bool empty() const { return records_ == 0; }
    /// Whether the batch should be stored now.
    [[nodiscard]] bool full() const {
        return spilled_ != nullptr || static_cast<size_t>(memory_.len) >= enough;
    }
    /// When the first record was added.
    [[nodiscard]] TimestampTz begun_at() const { return begun_at_; }

    void clear();

    /// Reads the batch from its start.
    class Reader {
    public:
        /// In the current memory context.
        explicit Reader(Batch &batch);

        /// The next record, in the batch itself or in `memory`; NULL at the end.
        [[nodiscard]] const char *next(MemoryContext memory);
        [[nodiscard]] bool at_end() const { return records_ == batch_.records_; }
        /// How many bytes were read.
        [[nodiscard]] size_t bytes() const { return bytes_; }
        /// The context of that change, if it is one, valid until next() is called again.
        [[nodiscard]] const char *context() const { return context_.data; }

    private:
        bool next_entry(EntryHeader &entry);
        const char *bytes_of(const EntryHeader &entry);
        void read(void *to, size_t size);
        void read_context(const EntryHeader &entry);

        Batch &batch_;
        bool in_file_;
        size_t offset_ = 0; // in memory
        size_t bytes_ = 0;
        uint64 records_ = 0;
        StringInfoData context_;
    };

    /// What is more does not stay in memory.
    static constexpr size_t max_in_memory = 16 << 20;

private:
    static constexpr size_t enough = 4 << 20;

    void add_context(std::string_view context);
    void add_entry(std::string_view bytes, bool is_context);
    void append(const void *bytes, size_t size);
    void spill();

    StringInfoData memory_;  // entries, each behind its header
    StringInfoData context_; // of the last change
    bool has_context_;
    BufFile *spilled_;    // earlier entries; NULL as long as memory is enough
    ResourceOwner owner_; // of the file, which outlives transactions
    uint64 records_;
    TimestampTz begun_at_;
};

} // namespace bemi::store
