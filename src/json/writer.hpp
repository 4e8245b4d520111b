// Appends JSON to a StringInfo. Room is reserved in large pieces, and written to without further checks.
#pragma once

#include "base/compat.hpp"

#include <charconv>
#include <concepts>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace bemi::json {

// These write to room that was reserved, and return the end of what they wrote.

inline char *put(char *out, std::string_view json) {
    memcpy(out, json.data(), json.size());
    return out + json.size();
}

inline constexpr size_t longest_integer = 20;

template <std::integral Integer> char *put_integer(char *out, Integer value) {
    return std::to_chars(out, out + longest_integer, value).ptr;
}

class Writer {
public:
    /// Raises the error for a text that would exceed 1 GB: `raise` does not return. Without it
    /// enlargeStringInfo() raises its own.
    struct Overflow {
        void (*raise)(const void *subject);
        const void *subject;
    };

    explicit Writer(StringInfo out, Overflow overflow = {}) : out_{out}, overflow_{overflow} {}

    /// Returns room for `size` bytes at the end of the text. The caller writes to it, and then passes the end
    /// of what it wrote to commit().
    [[nodiscard]] char *reserve(size_t size) {
        if (unlikely(static_cast<size_t>(out_->maxlen - out_->len) <= size))
            grow(size);
        return out_->data + out_->len;
    }
    void commit(const char *end) { out_->len = static_cast<int>(end - out_->data); }

    void raw(char json) {
        char *p = reserve(1);
        *p++ = json;
        commit(p);
    }
    void raw(std::string_view json) { commit(put(reserve(json.size()), json)); }
    template <std::integral Integer> void integer(Integer value) {
        commit(put_integer(reserve(longest_integer), value));
    }

    /// Appends a string, quoted and escaped.
    void string(std::string_view text) {
        raw('"');
        escaped(text);
        raw('"');
    }

    /// Appends a part of a string, escaped.
    void escaped(std::string_view text) {
        // A text of 200 MB might need more than 1 GB, so room for the worst case is reserved piece by piece.
        constexpr size_t piece = 4096, longest_escape = 6;
        while (!text.empty()) {
            const size_t size = text.size() < piece ? text.size() : piece;
            commit(escape(reserve(size * longest_escape), text.data(), size));
            text.remove_prefix(size);
        }
    }

    /// Appends JSON, with blanks for its line breaks: in valid JSON they only stand between tokens.
    void raw_on_one_line(std::string_view json) {
        char *const start = reserve(json.size()), *const end = start + json.size();
        memcpy(start, json.data(), json.size());
        for (const char line_break : {'\n', '\r'})
            for (char *p = start; (p = static_cast<char *>(memchr(p, line_break, end - p))) != nullptr;)
                *p = ' ';
        commit(end);
    }

    /// Appends once more the element that was written at `start`, where its comma may have been replaced.
    void repeat_after_comma(size_t start, size_t size) {
        char *p = reserve(size);
        *p = ',';
        memcpy(p + 1, out_->data + start + 1, size - 1);
        commit(p + size);
    }

    /// Appends an array or object. `write` writes its elements, with a comma before each.
    template <typename Write> void enclosed(char open, char close, Write &&write) {
        const size_t start = size();
        write();
        if (size() == start)
            raw(open);
        else
            patch(start, open); // instead of the comma before the first element
        raw(close);
    }

    [[nodiscard]] size_t size() const { return static_cast<size_t>(out_->len); }
    /// What was written there, valid until more is written.
    [[nodiscard]] std::string_view text(size_t start, size_t size) const {
        return {out_->data + start, size};
    }
    /// Removes all that was written from this position on.
    void truncate(size_t size) { out_->len = static_cast<int>(size); }
    /// Replaces the byte at this position.
    void patch(size_t position, char json) { out_->data[position] = json; }
    /// Replaces the bytes from this position on.
    void patch(size_t position, std::string_view bytes) {
        memcpy(out_->data + position, bytes.data(), bytes.size());
    }

private:
    pg_noinline void grow(size_t size) {
        if (overflow_.raise != nullptr && size >= MaxAllocSize - static_cast<size_t>(out_->len))
            overflow_.raise(overflow_.subject);
        enlargeStringInfo(out_, static_cast<int>(size));
    }

    static bool needs_escape(char c) { return static_cast<unsigned char>(c) < ' ' || c == '"' || c == '\\'; }

    static char *escape(char *p, const char *s, size_t size) {
        const char *const end = s + size;
        for (;;) {
            p = copy_plain(p, s, end);
            if (s == end)
                return p;
            p = escape_one(p, *s++);
        }
    }

    /// Copies up to the first character that must be escaped or, if none must be, to `end`.
    static char *copy_plain(char *p, const char *&s, const char *end) {
#ifdef __SSE2__
        const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'),
                      last_control = _mm_set1_epi8(' ' - 1);
        while (end - s >= static_cast<ptrdiff_t>(sizeof(__m128i))) {
            const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(s));
            const __m128i special =
                _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                             _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes));
            _mm_storeu_si128(reinterpret_cast<__m128i *>(p), bytes); // the room is six times as large
            const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
            const int plain = mask == 0 ? static_cast<int>(sizeof(__m128i)) : __builtin_ctz(mask);
            s += plain;
            p += plain;
            if (mask != 0)
                return p;
        }
#endif
        while (s < end && !needs_escape(*s))
            *p++ = *s++;
        return p;
    }

    static char *escape_one(char *p, char c) {
        *p++ = '\\';
        switch (c) {
        case '"':
        case '\\':
            *p++ = c;
            return p;
        case '\b':
            *p++ = 'b';
            return p;
        case '\f':
            *p++ = 'f';
            return p;
        case '\n':
            *p++ = 'n';
            return p;
        case '\r':
            *p++ = 'r';
            return p;
        case '\t':
            *p++ = 't';
            return p;
        default:
            memcpy(p, "u00", 3);
            p[3] = static_cast<char>('0' + (c >> 4));
            p[4] = "0123456789abcdef"[c & 0xF];
            return p + 5;
        }
    }

    StringInfo out_;
    Overflow overflow_;
};

/// Returns the JSON that `write` writes, in the current memory context. It takes no more memory than it
/// needs, because it is kept for long.
template <typename Write> std::string_view text_of(Write &&write) {
    StringInfoData text;
    initStringInfo(&text);
    Writer out{&text};
    write(out);
    const auto size = static_cast<size_t>(text.len);
    return {static_cast<char *>(repalloc(text.data, size + 1)), size};
}

} // namespace bemi::json
