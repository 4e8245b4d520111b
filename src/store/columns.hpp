// A part of a batch as one array per column of bemi.changes: the parameters of one INSERT.
#pragma once

#include "store/errors.hpp"

namespace bemi::store {

class Columns {
public:
    static constexpr int arrays = 13;

    /// Prepares the INSERT: its parameters are the arrays, and behind these what has the types `others`.
    [[nodiscard]] static SPIPlanPtr prepare(const char *sql, std::initializer_list<Oid> others);

    /// In the current memory context.
    void open();

    /// Adds a row; what cannot be stored as it is goes to `loss`, in memory().
    void add(const decode::ChangeRow &change, errors::Loss &loss);

    [[nodiscard]] int rows() const { return rows_; }
    [[nodiscard]] bool full() const { return rows_ == max_rows || bytes_ >= enough; }

    /// Executes the INSERT with the rows, and with the other parameters.
    void execute(SPIPlanPtr insert, std::initializer_list<Datum> others) const;

    /// Removes all rows and resets memory().
    void clear();

    [[nodiscard]] MemoryContext memory() const { return memory_; }

private:
    static constexpr int max_others = 2;
    static constexpr int max_rows = 512;
    static constexpr size_t enough = 1 << 20;

    void build(Datum *values) const;
    Datum context_of(std::string_view json, errors::Loss &loss);

    MemoryContext memory_;
    int rows_;
    size_t bytes_;
    std::string_view context_json_; // of an earlier row: most rows have the same context
    Datum context_;
    Datum values_[arrays][max_rows];
    bool no_key_[max_rows];
};

} // namespace bemi::store
