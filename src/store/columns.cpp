#include "store/columns.hpp"

#include "base/spi.hpp"
#include "store/storable.hpp"

#include <algorithm>
#include <iterator>

namespace bemi::store {
namespace {

enum Column {
    id,
    schema,
    table,
    primary_key,
    operation,
    before,
    after,
    context,
    committed_at,
    transaction_id,
    position,
    commit_position,
    sequence,
};

struct Type {
    Oid element;
    Oid array;
    int16 length;
    bool by_value;
    char alignment;
};

constexpr Type uuid_type{UUIDOID, UUIDARRAYOID, UUID_LEN, false, TYPALIGN_CHAR};
constexpr Type text_type{TEXTOID, TEXTARRAYOID, -1, false, TYPALIGN_INT};
constexpr Type jsonb_type{JSONBOID, JSONBARRAYOID, -1, false, TYPALIGN_INT};
constexpr Type time_type{TIMESTAMPTZOID, TIMESTAMPTZARRAYOID, sizeof(TimestampTz), FLOAT8PASSBYVAL,
                         TYPALIGN_DOUBLE};
constexpr Type bigint_type{INT8OID, INT8ARRAYOID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE};

constexpr Type column_types[Columns::arrays] = {uuid_type,   text_type,   text_type,  text_type, text_type,
                                                jsonb_type,  jsonb_type,  jsonb_type, time_type, bigint_type,
                                                bigint_type, bigint_type, bigint_type};

Datum text_of(std::string_view text) {
    return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

Datum bigint_of(uint64 value) {
    return Int64GetDatum(static_cast<int64>(value));
}

} // namespace

SPIPlanPtr Columns::prepare(const char *sql, std::initializer_list<Oid> others) {
    Oid types[arrays + max_others];
    Assert(others.size() <= max_others);
    Oid *const end = std::transform(std::begin(column_types), std::end(column_types), types,
                                    [](const Type &type) { return type.array; });
    std::copy(others.begin(), others.end(), end);
    return spi::prepare(sql, {types, arrays + others.size()});
}

void Columns::execute(SPIPlanPtr insert, std::initializer_list<Datum> others) const {
    Datum values[arrays + max_others];
    build(values);
    std::copy(others.begin(), others.end(), values + arrays);
    spi::execute(insert, values);
}

void Columns::open() {
    memory_ = AllocSetContextCreate(CurrentMemoryContext, "bemi columns", ALLOCSET_DEFAULT_SIZES);
    clear();
}

void Columns::clear() {
    MemoryContextReset(memory_);
    rows_ = 0;
    bytes_ = 0;
    context_json_ = {};
}

Datum Columns::context_of(std::string_view json, errors::Loss &loss) {
    if (context_json_.data() != nullptr && context_json_ == json)
        return context_;
    const bool had_loss{loss};
    const Datum jsonb = storable::jsonb_of(json, "context", loss);
    if (had_loss || loss) // each change with this context has to change the loss
        return jsonb;
    context_ = jsonb;
    context_json_ = {pnstrdup(json.data(), json.size()), json.size()};
    return context_;
}

void Columns::add(const decode::ChangeRow &change, errors::Loss &loss) {
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    const int row = rows_;
    const auto set = [this, row](Column column, Datum value) { values_[column][row] = value; };
    auto *uuid = static_cast<unsigned char *>(palloc(UUID_LEN));
    memcpy(uuid, change.id, UUID_LEN);
    set(id, PointerGetDatum(uuid));
    set(schema, text_of(change.schema_name));
    set(table, text_of(change.table_name));
    set(primary_key, storable::key_of(change.primary_key_text, loss));
    set(operation, text_of(decode::name_of(change.operation)));
    set(before, storable::jsonb_of(change.before_json, "before", loss));
    set(after, storable::jsonb_of(change.after_json, "after", loss));
    set(context, context_of(change.context_json, loss));
    set(committed_at, TimestampTzGetDatum(change.committed_at));
    set(transaction_id, bigint_of(change.transaction_id));
    set(position, bigint_of(change.position));
    set(commit_position, bigint_of(change.commit_position));
    set(sequence, bigint_of(change.sequence));
    no_key_[row] = !change.has_primary_key;
    rows_++;
    bytes_ += change.before_json.size() + change.after_json.size() + change.context_json.size();
    MemoryContextSwitchTo(caller);
}

/// Builds the arrays, in memory().
void Columns::build(Datum *values) const {
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    int size = rows_, first = 1;
    for (int i = 0; i < arrays; i++) {
        const Type &type = column_types[i];
        values[i] = PointerGetDatum(construct_md_array(
            const_cast<Datum *>(values_[i]), i == primary_key ? const_cast<bool *>(no_key_) : nullptr, 1,
            &size, &first, type.element, type.length, type.by_value, type.alignment));
    }
    MemoryContextSwitchTo(caller);
}

} // namespace bemi::store
