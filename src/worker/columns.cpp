#include "columns.hpp"

#include <array>

namespace bemi {
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

constexpr size_t escape_length = 6;

/// What \uXXXX stands for; 0 if that is not there.
pg_wchar code_unit(const char *escape) {
    if (escape[0] != '\\' || escape[1] != 'u')
        return 0;
    const char digits[] = {escape[2], escape[3], escape[4], escape[5], '\0'};
    return static_cast<pg_wchar>(strtoul(digits, nullptr, 16));
}

/// The character beyond ASCII that an escape stands for, and how long that is; 0 where it is none.
pg_wchar escaped_character(const char *escape, size_t *length) {
    const pg_wchar unit = code_unit(escape);
    *length = escape_length;
    if (is_utf16_surrogate_second(unit))
        return 0;
    if (!is_utf16_surrogate_first(unit))
        return unit >= 0x80 ? unit : 0;
    const pg_wchar second = code_unit(escape + escape_length);
    *length += escape_length;
    return is_utf16_surrogate_second(second) ? surrogate_pair_to_codepoint(unit, second) : 0;
}

/// The same JSON with each character beyond ASCII as itself, in UTF-8.
char *without_escapes(std::string_view json) {
    auto *text = static_cast<char *>(palloc(json.size() + 1)), *out = text;
    for (const char *at = json.data(); *at != '\0';) {
        size_t length;
        if (*at != '\\') {
            *out++ = *at++;
        } else if (const pg_wchar character = escaped_character(at, &length)) {
            auto *utf8 = unicode_to_utf8(character, reinterpret_cast<unsigned char *>(out));
            out += pg_utf_mblen(utf8);
            at += length;
        } else {
            *out++ = *at++;
            *out++ = *at++; // may be a backslash
        }
    }
    *out = '\0';
    return text;
}

/// Of text with a zero byte behind it. In an SQL_ASCII database jsonb refuses escapes, but takes any bytes.
Datum jsonb_of(std::string_view json) {
    const bool is_ascii = GetDatabaseEncoding() == PG_SQL_ASCII;
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(is_ascii ? without_escapes(json) : json.data()));
}

Datum bigint_of(uint64 value) {
    return Int64GetDatum(static_cast<int64>(value));
}

} // namespace

const Oid *Columns::types() {
    static constexpr auto oids = [] {
        std::array<Oid, arrays> oids{};
        for (size_t i = 0; i < oids.size(); i++)
            oids[i] = column_types[i].array;
        return oids;
    }();
    return oids.data();
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

Datum Columns::context_of(std::string_view json) {
    if (context_json_.data() == nullptr || context_json_ != json) {
        context_ = jsonb_of(json);
        context_json_ = {pnstrdup(json.data(), json.size()), json.size()};
    }
    return context_;
}

void Columns::add(const decode::Record &record) {
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    const int row = rows_;
    const auto set = [this, row](Column column, Datum value) { values_[column][row] = value; };
    auto *uuid = static_cast<unsigned char *>(palloc(UUID_LEN));
    memcpy(uuid, record.id, UUID_LEN);
    set(id, PointerGetDatum(uuid));
    set(schema, text_of(record.schema_name));
    set(table, text_of(record.table_name));
    set(primary_key, text_of(record.primary_key_text));
    set(operation, text_of(decode::name_of(record.operation)));
    set(before, jsonb_of(record.before_json));
    set(after, jsonb_of(record.after_json));
    set(context, context_of(record.context_json));
    set(committed_at, TimestampTzGetDatum(record.committed_at));
    set(transaction_id, bigint_of(record.transaction_id));
    set(position, bigint_of(record.position));
    set(commit_position, bigint_of(record.commit_position));
    set(sequence, bigint_of(record.sequence));
    no_key_[row] = !record.has_primary_key;
    rows_++;
    bytes_ += record.before_json.size() + record.after_json.size() + record.context_json.size();
    MemoryContextSwitchTo(caller);
}

void Columns::build(Datum (&values)[arrays]) const {
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

} // namespace bemi
