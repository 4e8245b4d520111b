#include "store/moved_keys.hpp"

#include "base/spi.hpp"
#include "store/storable.hpp"

namespace bemi::store {
namespace {

constexpr char insert_sql[] = "INSERT INTO bemi.moved_keys (schema, \"table\", old_key, id, committed_at)"
                              " SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5)";
constexpr Oid element_types[] = {TEXTOID, TEXTOID, TEXTOID, UUIDOID, TIMESTAMPTZOID};
constexpr Oid array_types[] = {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID};

Datum text_of(std::string_view text) {
    return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

} // namespace

void MovedKeys::open(MemoryContext memory) {
    memory_ = memory;
    rows_ = 0;
}

void MovedKeys::add(const decode::ChangeRow &change) {
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    const Datum values[columns] = {
        text_of(change.schema_name), text_of(change.table_name), storable::key_of(change.old_key_text),
        PointerGetDatum(const_cast<unsigned char *>(change.id)), TimestampTzGetDatum(change.committed_at)};
    const bool is_null = false;
    for (int i = 0; i < columns; i++)
        arrays_[i] = accumArrayResult(rows_ == 0 ? nullptr : arrays_[i], values[i], is_null, element_types[i],
                                      memory_);
    rows_++;
    MemoryContextSwitchTo(caller);
}

void MovedKeys::store() {
    static constinit SPIPlanPtr plan = nullptr;
    if (rows_ == 0)
        return;
    if (plan == nullptr)
        plan = spi::prepare(insert_sql, array_types);
    Datum values[columns];
    for (int i = 0; i < columns; i++)
        values[i] = makeArrayResult(arrays_[i], memory_);
    spi::execute(plan, values);
    rows_ = 0;
}

} // namespace bemi::store
