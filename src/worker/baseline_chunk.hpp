// Rows of a table, as they were at a moment: a part of its blocks or, if it has no primary key, all of them.
#pragma once

#include "base/baselines.hpp"
#include "decode/formats/existing_rows.hpp"
#include "decode/formats/change_row.hpp"
#include "store/baseline_rows.hpp"
#include "store/batch.hpp"

namespace bemi::worker {

class BaselineChunk {
public:
    enum class Outcome : uint8 { done, locked, gone };

    /// In a memory context that lasts.
    void open();

    /// Reads the next rows of the request, in a transaction of its own. `locked`: somebody has locked the
    /// table, and is not waited for; `gone`: it is not there or not tracked.
    [[nodiscard]] Outcome read(const baselines::Request &request);

    /// Stores the rows, if the table still looks as it did, in a transaction of its own. All up to `end` is
    /// stored. `locked`: it must be called again; `gone`: the rows must be read again.
    [[nodiscard]] Outcome store(baselines::Request &request, XLogRecPtr end);

    /// All that was committed before must be stored before the rows are.
    [[nodiscard]] XLogRecPtr needed() const { return needed_; }
    void clear();

private:
    template <typename Body> Outcome with_table(Oid table, Body &&body);
    void begin_at(const baselines::Request &request);
    void note_table(const decode::ExistingRows &existing);
    void read_rows(Relation relation, decode::ExistingRows &existing);
    void scan(Relation relation, decode::ExistingRows &existing, BlockNumber end);
    [[nodiscard]] size_t add(decode::ExistingRows &existing, TupleTableSlot *slot, MemoryContext memory);
    [[nodiscard]] bool looks_the_same(Relation relation) const;
    [[nodiscard]] bool are_known_since(int64 since, const baselines::Request &request) const;
    [[nodiscard]] bool store_rows(baselines::Request &request, XLogRecPtr end);
    [[nodiscard]] decode::TableRecord shape_at(XLogRecPtr place, uint64 sequence) const;

    store::Batch rows_;
    MemoryContext memory_; // of what follows
    const char *schema_;
    const char *table_;
    const char *state_; // how the table looks, as in a TableRecord
    bool has_key_;
    store::baseline_rows::Snapshot snapshot_;
    Oid relation_;
    Oid filenode_;
    TimestampTz read_at_;
    XLogRecPtr needed_;
    bool begins_;          // at the first row of the table
    ItemPointerData next_; // where the next chunk begins
    BlockNumber blocks_;   // of the table
    bool is_last_;
    uint64 count_;
};

} // namespace bemi::worker
