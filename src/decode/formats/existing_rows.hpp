// The rows that a table has now, as change rows of operation BASELINE: what a decoder would write if each had
// just been inserted.
#pragma once

#include "decode/format.hpp"

namespace bemi::decode {

class ExistingRows {
public:
    /// In the current memory context, within a transaction.
    void open(Relation relation);

    /// Whether the table is tracked; only then there are rows.
    [[nodiscard]] bool are_wanted() const { return entry_->included; }
    [[nodiscard]] bool have_key() const { return !entry_->primary_key.empty(); }
    [[nodiscard]] std::string_view schema() const { return entry_->schema; }
    [[nodiscard]] std::string_view table() const { return entry_->table; }
    /// How the table looks, as in a TableRecord.
    [[nodiscard]] std::string_view state() const { return entry_->state; }

    /// The change row of the row, in the current memory context. What depends on where it is stored is not
    /// set.
    [[nodiscard]] std::string_view write(TupleTableSlot *slot);

private:
    const Format *format_;
    Session session_;
    RelationEntry *entry_;
};

} // namespace bemi::decode
