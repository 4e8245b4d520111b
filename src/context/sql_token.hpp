// The tokens of PostgreSQL's SQL as far as one must know them to see where each of them ends.
//
// Each skip function takes the place where a token starts (or, where said, just after its opening quote) and
// returns the place after it; the end of the text where the token is not terminated.
//
// The text is in a server encoding, in which every byte of a multibyte character is >= 0x80.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bemi::sql {

/// What a byte can start. The first three go on with a word.
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
    // PostgreSQL 14 and 15 do not know \v as white space, but reject it everywhere else, so the difference is
    // nothing.
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

// An operator ends before a comment, as in "+/*" and "+--", so looking at two bytes is enough to find one.
inline bool starts_line_comment(const char *at, const char *end) noexcept {
    return end - at >= 2 && at[0] == '-' && at[1] == '-';
}

inline bool starts_block_comment(const char *at, const char *end) noexcept {
    return end - at >= 2 && at[0] == '/' && at[1] == '*';
}

/// Skips to the end of the line, which itself is not part of a line comment.
const char *skip_line(const char *at, const char *end) noexcept;

/// Skips a comment with all that is nested in it. A null pointer where it is not terminated.
const char *skip_block_comment(const char *at, const char *end) noexcept;

/// Skips an identifier or keyword. It may contain dollar signs, which then quote nothing.
inline const char *skip_word(const char *at, const char *end) noexcept {
    while (at != end && continues_word(*at))
        ++at;
    return at;
}

/// Skips digits, fraction and exponent. What follows directly is a token of its own: 1E'x' is 1 and E'x' to
/// PostgreSQL 14 and an error to later ones.
const char *skip_number(const char *at, const char *end) noexcept;

/// From after the opening quote, skips to after the next one that is not doubled.
const char *skip_quoted(const char *at, const char *end, char quote) noexcept;

/// From after the opening quote, skips a string literal with the parts that continue it on further lines.
const char *skip_string(const char *at, const char *end, bool backslashes) noexcept;

/// Skips a dollar-quoted string, a parameter like $1, or only the dollar sign.
const char *skip_dollar(const char *at, const char *end) noexcept;

} // namespace bemi::sql
