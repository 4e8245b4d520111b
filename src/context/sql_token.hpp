// The tokens of PostgreSQL's SQL, as far as is needed to find where each of them ends.
//
// Each skip function takes the place where a token starts (or, if documented, just after its opening quote)
// and returns the place after the token, which is the end of the text if the token is not terminated.
//
// The text is in a server encoding, in which every byte of a multibyte character is >= 0x80.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bemi::context::sql {

/// The token that a byte can start. Bytes of the first three classes can also continue a word.
enum class Class : uint8_t {
    word,
    digit,
    dollar,
    space,
    quote,
    double_quote,
    slash,
    dash,
    semicolon,
    open,
    close,
    other
};

inline constexpr std::array<Class, 256> classes = [] {
    std::array<Class, 256> table{};
    table.fill(Class::other);
    // In PostgreSQL 14 and 15 \v is no white space, but an error anywhere outside of quotes and comments, so
    // that this makes no difference.
    for (const char c : std::string_view(" \t\n\r\f\v"))
        table[static_cast<uint8_t>(c)] = Class::space;
    for (int c = 'a'; c <= 'z'; ++c)
        table[c] = table[c - 'a' + 'A'] = Class::word;
    for (int c = 0x80; c <= 0xff; ++c)
        table[c] = Class::word;
    for (int c = '0'; c <= '9'; ++c)
        table[c] = Class::digit;
    table['_'] = Class::word;
    table['\''] = Class::quote;
    table['"'] = Class::double_quote;
    table['$'] = Class::dollar;
    table['/'] = Class::slash;
    table['-'] = Class::dash;
    table[';'] = Class::semicolon;
    table['('] = Class::open;
    table[')'] = Class::close;
    return table;
}();

inline Class class_of(char c) noexcept {
    return classes[static_cast<uint8_t>(c)];
}

inline bool continues_word(char c) noexcept {
    return class_of(c) <= Class::dollar;
}

inline bool is_space(char c) noexcept {
    return class_of(c) == Class::space;
}

inline char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trim(std::string_view text) noexcept;

/// Whether a word is this keyword, which is given in lower case.
bool is_keyword(std::string_view word, std::string_view keyword) noexcept;

// An operator ends before a comment, as in "+/*" and "+--", so two bytes tell where a comment starts.
inline bool starts_line_comment(const char *at, const char *end) noexcept {
    return end - at >= 2 && at[0] == '-' && at[1] == '-';
}

inline bool starts_block_comment(const char *at, const char *end) noexcept {
    return end - at >= 2 && at[0] == '/' && at[1] == '*';
}

/// Skips to the line break, which is not a part of a line comment.
const char *skip_line(const char *at, const char *end) noexcept;

/// Skips a block comment, including the comments nested in it. Returns null if it is not terminated.
const char *skip_block_comment(const char *at, const char *end) noexcept;

/// Skips an identifier or keyword, which may contain dollar signs.
inline const char *skip_word(const char *at, const char *end) noexcept {
    while (at != end && continues_word(*at))
        ++at;
    return at;
}

/// Skips digits, fraction and exponent. Text that follows directly is another token: PostgreSQL 14 reads
/// 1E'x' as 1 and E'x'; later versions reject it.
const char *skip_number(const char *at, const char *end) noexcept;

/// From after the opening quote, skips to after the closing quote; a doubled quote does not close.
const char *skip_quoted(const char *at, const char *end, char quote) noexcept;

/// From after the opening quote, skips a string literal, including its continuation on further lines.
const char *skip_string(const char *at, const char *end, bool backslashes) noexcept;

/// Skips a dollar-quoted string, a parameter like $1, or only the dollar sign.
const char *skip_dollar(const char *at, const char *end) noexcept;

} // namespace bemi::context::sql
