#include "context/tags.hpp"

#include "context/sql_token.hpp"

namespace bemi::context::tags {
namespace {

void skip_space(std::string_view &text) noexcept {
    while (!text.empty() && sql::is_space(text.front()))
        text.remove_prefix(1);
}

/// Takes the byte off the text, after white space.
bool take_byte(std::string_view &text, char byte) noexcept {
    skip_space(text);
    if (text.empty() || text.front() != byte)
        return false;
    text.remove_prefix(1);
    return true;
}

bool ends_key(char c) noexcept {
    return c == '=' || c == ',' || c == '\'' || sql::is_space(c);
}

bool take_key(std::string_view &text, std::string_view &key) noexcept {
    skip_space(text);
    size_t size = 0;
    while (size < text.size() && !ends_key(text[size]))
        ++size;
    key = text.substr(0, size);
    text.remove_prefix(size);
    return size > 0;
}

/// Takes a value with the quotes around it off the text.
bool take_value(std::string_view &text, std::string_view &value) noexcept {
    if (!take_byte(text, '\''))
        return false;
    for (size_t size = 0; size < text.size(); ++size) {
        if (text[size] != '\'' || (size > 0 && text[size - 1] == '\\'))
            continue;
        value = text.substr(0, size);
        text.remove_prefix(size + 1);
        return true;
    }
    return false;
}

/// Takes the end of a tag off the text: a comma with another tag after it, or the end of the text.
bool take_end(std::string_view &text) noexcept {
    if (take_byte(text, ','))
        skip_space(text);
    else
        return text.empty();
    return !text.empty();
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = sql::lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Takes the next byte off a key or value, which is not empty, and decodes it.
char take_decoded(std::string_view &text) noexcept {
    size_t taken = 1;
    char c = text.front();
    if (c == '%' && text.size() > 2 && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0) {
        c = static_cast<char>(hex_digit(text[1]) * 16 + hex_digit(text[2]));
        taken = 3;
    } else if (c == '\\' && text.size() > 1 && text[1] == '\'') {
        c = '\'';
        taken = 2;
    }
    text.remove_prefix(taken);
    return c;
}

} // namespace

bool take(std::string_view &text, Tag &tag) noexcept {
    std::string_view rest = text;
    Tag found;
    if (!take_key(rest, found.key) || !take_byte(rest, '=') || !take_value(rest, found.value) ||
        !take_end(rest))
        return false;
    text = rest;
    tag = found;
    return true;
}

bool is_called(std::string_view key, std::string_view name) noexcept {
    for (const char c : name)
        if (key.empty() || take_decoded(key) != c)
            return false;
    return key.empty();
}

bool is_listed(std::string_view key, KeyList keys) noexcept {
    return keys.any([key](std::string_view listed) { return listed == "*" || is_called(key, listed); });
}

bool has_listed(std::string_view text, KeyList keys) noexcept {
    bool found = false;
    do {
        Tag tag;
        if (!take(text, tag))
            return false;
        found = found || is_listed(tag.key, keys);
    } while (!text.empty());
    return found;
}

size_t decode(char *text, size_t size) noexcept {
    char *out = text;
    for (std::string_view rest(text, size); !rest.empty();)
        *out++ = take_decoded(rest);
    return static_cast<size_t>(out - text);
}

} // namespace bemi::context::tags
