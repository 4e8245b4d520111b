// The rows that a table has now, as the current user and the active snapshot see them.
#pragma once

#include "history/relation_past.hpp"
#include "history/select.hpp"
#include "history/value_reader.hpp"

namespace bemi::history {

/// Call its functions between SPI_connect() and SPI_finish().
class PresentRows {
public:
    void open(Relation relation, const RelationPast &past);

    /// Calls `use(values, nulls)` for each row; both are by the table's columns, with null for dropped ones.
    template <typename Use> void for_each(Use &&use) {
        select(single(all_rows(), {}), nullptr, nullptr, [&](TupleTableSlot *row) { spread(row, use); });
    }

    /// Calls it for the rows whose key is equal to this one, a text as in bemi.changes. Keys that are equal
    /// may have different texts, as 1 and 1.0.
    template <typename Use> void for_each_of(std::string_view key, Use &&use) {
        Datum *values = key_of(key);
        if (values == nullptr)
            return;
        if (of_key_.plan == nullptr)
            of_key_ = repeated(rows_of_key(), {types_, past_->key.size()});
        select(of_key_, values, nullptr, [&](TupleTableSlot *row) { spread(row, use); });
    }

private:
    template <typename Use> void spread(TupleTableSlot *row, Use &&use) {
        if (!has_dropped_)
            return use(row->tts_values, row->tts_isnull);
        for (size_t i = 0; i < count_; i++) {
            values_[attributes_[i]] = row->tts_values[i];
            nulls_[attributes_[i]] = row->tts_isnull[i];
        }
        use(values_, nulls_);
    }

    [[nodiscard]] const char *all_rows() const;
    [[nodiscard]] const char *rows_of_key() const;
    [[nodiscard]] Datum *key_of(std::string_view text);

    Relation relation_;
    const RelationPast *past_;
    size_t count_; // columns that are not dropped, with their
    int *attributes_;
    bool has_dropped_;
    Datum *values_;
    bool *nulls_;
    Oid *types_; // of the key's columns
    ValueReader *readers_;
    Query of_key_;
};

} // namespace bemi::history
