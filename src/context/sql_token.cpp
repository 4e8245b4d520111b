#include "context/sql_token.hpp"

namespace bemi::context::sql {

namespace {

bool is_digit(char c) noexcept {
    return class_of(c) == Class::digit;
}

const char *skip_digits(const char *at, const char *end) noexcept {
    while (at != end && is_digit(*at))
        ++at;
    return at;
}

/// The place of the next `c`, or the end of the text.
const char *find(const char *at, const char *end, char c) noexcept {
    const void *found = std::memchr(at, c, static_cast<size_t>(end - at));
    return found != nullptr ? static_cast<const char *>(found) : end;
}

/// From after the opening quote of a string in which backslashes escape, skips to after the closing quote.
const char *skip_escaped(const char *at, const char *end) noexcept {
    while (at != end) {
        const char c = *at++;
        if (c == '\\') {
            at += at != end;
        } else if (c == '\'') {
            if (at == end || *at != '\'')
                return at;
            ++at;
        }
    }
    return end;
}

/// Returns the place after the quote that continues the string which was closed before `at`; null if no quote
/// does. A string continues after white space with a line break in it; line comments may stand there too.
const char *find_continuation(const char *at, const char *end) noexcept {
    bool line_break = false;
    for (; at != end; ++at) {
        if (starts_line_comment(at, end))
            at = skip_line(at, end);
        if (at == end || !is_space(*at))
            break;
        line_break |= *at == '\n' || *at == '\r';
    }
    return line_break && at != end && *at == '\'' ? at + 1 : nullptr;
}

} // namespace

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

bool is_keyword(std::string_view word, std::string_view keyword) noexcept {
    if (word.size() != keyword.size())
        return false;
    for (size_t i = 0; i < word.size(); ++i)
        if (lower(word[i]) != keyword[i])
            return false;
    return true;
}

const char *skip_line(const char *at, const char *end) noexcept {
    while (at != end && *at != '\n' && *at != '\r')
        ++at;
    return at;
}

const char *skip_block_comment(const char *at, const char *end) noexcept {
    at += 2;
    // The asterisk is a part of both marks. `at` is where the next mark may begin, so that "/*/" counts as an
    // opening mark only.
    for (size_t depth = 1;;) {
        const char *star = find(at, end, '*');
        if (star == end)
            return nullptr;
        if (star != at && star[-1] == '/') {
            ++depth;
            at = star + 1;
        } else if (star + 1 != end && star[1] == '/') {
            at = star + 2;
            if (--depth == 0)
                return at;
        } else {
            at = star + 1;
        }
    }
}

const char *skip_number(const char *at, const char *end) noexcept {
    at = skip_digits(at, end);
    if (at != end && *at == '.')
        at = skip_digits(at + 1, end);
    if (at == end || lower(*at) != 'e')
        return at;
    const char *exponent = at + 1;
    if (exponent != end && (*exponent == '+' || *exponent == '-'))
        ++exponent;
    const char *stop = skip_digits(exponent, end);
    return stop != exponent ? stop : at;
}

const char *skip_quoted(const char *at, const char *end, char quote) noexcept {
    for (;;) {
        at = find(at, end, quote);
        if (at == end)
            return end;
        ++at;
        if (at == end || *at != quote)
            return at;
        ++at;
    }
}

const char *skip_string(const char *at, const char *end, bool backslashes) noexcept {
    for (;;) {
        at = backslashes ? skip_escaped(at, end) : skip_quoted(at, end, '\'');
        const char *more = find_continuation(at, end);
        if (more == nullptr)
            return at;
        at = more;
    }
}

const char *skip_dollar(const char *at, const char *end) noexcept {
    const char *tag = at + 1;
    if (tag != end && is_digit(*tag))
        return skip_digits(tag, end);
    const char *stop = tag;
    while (stop != end && (class_of(*stop) == Class::word || (stop != tag && is_digit(*stop))))
        ++stop;
    if (stop == end || *stop != '$')
        return tag;
    // The next occurrence of the delimiter ends the string. The search is linear, since a delimiter contains
    // dollar signs only at its ends.
    const std::string_view delimiter(at, static_cast<size_t>(stop + 1 - at));
    const std::string_view text(stop + 1, static_cast<size_t>(end - stop - 1));
    const size_t found = text.find(delimiter);
    return found != std::string_view::npos ? text.data() + found + delimiter.size() : end;
}

} // namespace bemi::context::sql
