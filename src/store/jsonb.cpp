#include "store/jsonb.hpp"

#include "base/memory.hpp"

namespace bemi::store {
namespace {

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

/// Whether the error is about the data, or says that they need more than a single allocation can have, which
/// is reported as an internal error.
bool is_of_data(const ErrorData &error) {
    const int category = ERRCODE_TO_CATEGORY(error.sqlerrcode);
    return category == ERRCODE_DATA_EXCEPTION || category == ERRCODE_PROGRAM_LIMIT_EXCEEDED ||
           error.sqlerrcode == ERRCODE_INTERNAL_ERROR || is_permanent_lack_of_memory(error);
}

} // namespace

Datum jsonb_of(std::string_view json) {
    // In an SQL_ASCII database jsonb refuses escapes, but takes any bytes.
    const bool is_ascii = GetDatabaseEncoding() == PG_SQL_ASCII;
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(is_ascii ? without_escapes(json) : json.data()));
}

const ErrorData *try_jsonb(std::string_view json, Datum *jsonb) {
    MemoryContext memory = CurrentMemoryContext;
    const ErrorData *volatile error = nullptr;
    PG_TRY();
    { *jsonb = jsonb_of(json); }
    PG_CATCH();
    {
        // No subtransaction: parsing takes no lock, pins no buffer and looks nothing up, so that an error
        // leaves nothing behind but memory.
        MemoryContextSwitchTo(memory);
        error = CopyErrorData();
        if (!is_of_data(*error))
            PG_RE_THROW();
        FlushErrorState();
    }
    PG_END_TRY();
    return error;
}

} // namespace bemi::store
