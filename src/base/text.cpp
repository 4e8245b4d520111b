#include "base/text.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace bemi {

namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD"; // U+FFFD in UTF-8
constexpr size_t chunk_size = 2048;

/// SQL_ASCII declares no encoding: its text is taken for UTF-8, wherever it is valid UTF-8.
int source_encoding() {
    const int encoding = GetDatabaseEncoding();
    return encoding == PG_SQL_ASCII ? PG_UTF8 : encoding;
}

/// The function that converts from the database's encoding to UTF-8; NULL if the encoding has no such
/// function (MULE_INTERNAL). One look-up a process suffices, since a process never changes its database.
FmgrInfo *conversion_function() {
    static constinit FmgrInfo function{};
    static constinit bool looked_up = false;

    if (!looked_up) {
        const Oid oid = FindDefaultConversionProc(source_encoding(), PG_UTF8);
        if (OidIsValid(oid))
            fmgr_info_cxt(oid, &function, TopMemoryContext);
        looked_up = true;
    }
    return OidIsValid(function.fn_oid) ? &function : nullptr;
}

struct Converted {
    size_t taken;          // bytes of the source that were converted
    std::string_view utf8; // the result of their conversion
};

/// Converts `text` up to the first character that has no conversion. `buffer` has room for the worst case.
Converted convert_prefix(std::string_view text, char *buffer) {
    const int encoding = source_encoding();
    if (encoding == PG_UTF8) {
        const auto valid =
            static_cast<size_t>(pg_encoding_verifymbstr(PG_UTF8, text.data(), static_cast<int>(text.size())));
        return {valid, text.substr(0, valid)};
    }
    FmgrInfo *function = conversion_function();
    if (function == nullptr)
        return {0, {}};
    buffer[0] = '\0';
    const bool no_error = true;
    const int taken = DatumGetInt32(FunctionCall6(
        function, Int32GetDatum(encoding), Int32GetDatum(PG_UTF8), CStringGetDatum(text.data()),
        CStringGetDatum(buffer), Int32GetDatum(static_cast<int>(text.size())), BoolGetDatum(no_error)));
    return {static_cast<size_t>(taken), buffer};
}

/// The length in bytes of the first character of `text`; 1 if it is not valid in its encoding.
size_t character_length(std::string_view text) {
    const int length =
        pg_encoding_verifymbchar(source_encoding(), text.data(), static_cast<int>(text.size()));
    return length > 0 ? static_cast<size_t>(length) : 1;
}

/// Passes the text to `sink` in pieces of valid UTF-8. False as soon as `sink` returns false.
template <typename Sink> bool convert(std::string_view text, Sink &&sink) {
    char buffer[chunk_size * MAX_CONVERSION_GROWTH + 1];

    while (!text.empty()) {
        const size_t ascii = ascii_prefix(text);
        if (!sink(text.substr(0, ascii)))
            return false;
        text.remove_prefix(ascii);
        if (text.empty())
            break;
        // A chunk may end inside a character: only if its first character has no conversion, this character
        // is replaced.
        const Converted piece = convert_prefix(text.substr(0, chunk_size), buffer);
        if (!sink(piece.taken > 0 ? piece.utf8 : replacement_character))
            return false;
        text.remove_prefix(piece.taken > 0 ? piece.taken : character_length(text));
    }
    return true;
}

/// Returns room for `size` more bytes at the end; NULL if the string would exceed 1 GB.
char *reserve(StringInfo out, size_t size) {
    if (size >= MaxAllocSize - static_cast<size_t>(out->len))
        return nullptr;
    enlargeStringInfo(out, static_cast<int>(size));
    return out->data + out->len;
}

char *put_code_unit(char *p, unsigned unit) {
    constexpr char digits[] = "0123456789abcdef";
    *p++ = '\\';
    *p++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4)
        *p++ = digits[(unit >> shift) & 0xF];
    return p;
}

char *put_escaped(char *p, pg_wchar character) {
    if (character < 0x10000)
        return put_code_unit(p, character);
    character -= 0x10000;
    p = put_code_unit(p, 0xD800 + (character >> 10));
    return put_code_unit(p, 0xDC00 + (character & 0x3FF));
}

bool append_escaped_utf8(StringInfo out, std::string_view utf8) {
    constexpr size_t max_growth = 6; // two bytes become one escape of six, four bytes two of them
    while (!utf8.empty()) {
        const std::string_view piece = utf8.substr(0, chunk_size);
        const char *s = piece.data(), *const end = s + piece.size();
        char *p = reserve(out, piece.size() * max_growth + max_growth);
        if (p == nullptr)
            return false;
        while (s < end) {
            if (!IS_HIGHBIT_SET(*s)) {
                *p++ = *s++;
                continue;
            }
            const auto *character = reinterpret_cast<const unsigned char *>(s);
            p = put_escaped(p, utf8_to_unicode(character));
            s += pg_utf_mblen(character);
        }
        out->len = static_cast<int>(p - out->data);
        utf8.remove_prefix(static_cast<size_t>(s - piece.data()));
    }
    out->data[out->len] = '\0';
    return true;
}

} // namespace

size_t ascii_prefix(std::string_view text) noexcept {
    size_t n = 0;
#ifdef __SSE2__
    for (; n + sizeof(__m128i) <= text.size(); n += sizeof(__m128i)) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(text.data() + n));
        if (_mm_movemask_epi8(bytes) != 0)
            break;
    }
#endif
    while (n < text.size() && !IS_HIGHBIT_SET(text[n]))
        n++;
    return n;
}

void prepare_conversion() {
    if (source_encoding() != PG_UTF8)
        (void)conversion_function();
}

void append_utf8(StringInfo out, std::string_view server_text) {
    (void)convert(server_text, [out](std::string_view utf8) {
        appendBinaryStringInfo(out, utf8.data(), static_cast<int>(utf8.size()));
        return true;
    });
}

bool append_ascii_json(StringInfo out, std::string_view server_json) {
    return convert(server_json, [out](std::string_view utf8) { return append_escaped_utf8(out, utf8); });
}

bool append_ascii_json_of_utf8(StringInfo out, std::string_view utf8_json) {
    return append_escaped_utf8(out, utf8_json);
}

} // namespace bemi
