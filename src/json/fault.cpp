#include "json/fault.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace bemi::json {

namespace {

constexpr std::string_view white_space = " \t\n\r";

uint8_t byte_at(std::string_view text, size_t at) noexcept {
    return static_cast<uint8_t>(text[at]);
}

/// The size of the UTF-8 character at `at`; 0 if it is not valid.
size_t character_size(std::string_view text, size_t at) noexcept {
    const uint8_t first = byte_at(text, at);
    const size_t size = first < 0x80   ? 1
                        : first < 0xc2 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
    if (text.size() - at < size)
        return 0;
    for (size_t i = 1; i < size; ++i)
        if ((byte_at(text, at + i) & 0xc0) != 0x80)
            return 0;
    if (size < 3)
        return size;
    // UTF-8 excludes overlong forms, surrogates, and what is beyond U+10FFFF.
    const uint8_t second = byte_at(text, at + 1);
    const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
    return bad ? 0 : size;
}

/// The value of the four digits of the escape sequence at `at`, like \u00e9; -1 if it is not valid.
int unicode_escape(std::string_view text, size_t at) noexcept {
    if (text.size() - at < 6 || text[at] != '\\' || text[at + 1] != 'u')
        return -1;
    int value = 0;
    const char *digits = text.data() + at + 2;
    const auto [stop, error] = std::from_chars(digits, digits + 4, value, 16);
    return error == std::errc() && stop == digits + 4 && *digits != '-' ? value : -1;
}

/// Walks through a string from after its opening quote. Afterwards `at` is the place of its closing quote or,
/// if `reason` is set, of its fault.
struct StringWalk {
    std::string_view text;
    bool utf8;
    size_t at;
    const char *reason = nullptr;

    void run() noexcept {
        while (reason == nullptr && at < text.size() && text[at] != '"')
            step();
        if (reason == nullptr && at >= text.size())
            reason = "unterminated string";
    }

    void step() noexcept {
        const uint8_t byte = byte_at(text, at);
        if (byte == '\\')
            escape();
        else if (byte < 0x20)
            reason = "control character in a string, which must be escaped";
        else if (const size_t size = utf8 ? character_size(text, at) : 1; size > 0)
            at += size;
        else
            reason = "invalid UTF-8";
    }

    void escape() noexcept {
        if (at + 1 == text.size()) {
            at = text.size();
            return;
        }
        if (text[at + 1] == 'u')
            unicode();
        else if (std::string_view("\"\\/bfnrt").find(text[at + 1]) != std::string_view::npos)
            at += 2;
        else
            reason = "invalid escape sequence";
    }

    void unicode() noexcept {
        const int value = unicode_escape(text, at);
        const auto is_high = [](int unit) { return unit >= 0xd800 && unit < 0xdc00; };
        const auto is_low = [](int unit) { return unit >= 0xdc00 && unit < 0xe000; };
        if (value < 0)
            reason = "\\u must be followed by four hexadecimal digits";
        else if (value == 0)
            reason = "\\u0000 cannot be stored";
        else if (is_low(value) || (is_high(value) && !is_low(unicode_escape(text, at + 6))))
            reason = "\\u escape of half a surrogate pair";
        else
            at += is_high(value) ? 12 : 6;
    }
};

/// Finds the first string with a fault that starts at or before `stop`.
bool find_bad_string(std::string_view json, bool utf8, size_t stop, StringWalk &walk) noexcept {
    for (size_t at = 0; (at = json.find('"', at)) <= stop && at < json.size(); ++at) {
        walk = {json, utf8, at + 1};
        walk.run();
        if (walk.reason != nullptr)
            return true;
        at = walk.at;
    }
    return false;
}

/// Whether the last character before `at`, white space aside, is a comma.
bool follows_comma(std::string_view json, size_t at) noexcept {
    const size_t before = json.substr(0, at).find_last_not_of(white_space);
    return before != std::string_view::npos && json[before] == ',';
}

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Describes the word around `at`. JSON has only true, false and null, and each only where a value may stand.
Fault explain_word(std::string_view json, size_t at) noexcept {
    constexpr size_t max_shown = 40;
    size_t start = at;
    while (start > 0 && is_letter(json[start - 1]))
        --start;
    size_t stop = at;
    while (stop < json.size() && is_letter(json[stop]))
        ++stop;
    char reason[sizeof(Fault::reason)];
    std::snprintf(reason, sizeof(reason), "unexpected word \"%.*s\"",
                  static_cast<int>(std::min(stop - start, max_shown)), json.data() + start);
    return make_fault(Fault::Kind::syntax, start, reason);
}

Fault explain_byte(std::string_view json, size_t at) noexcept {
    const char c = json[at];
    if (is_letter(c))
        return explain_word(json, at);
    if (c == '\'')
        return make_fault(Fault::Kind::syntax, at, "strings and keys must be in double quotes");
    if ((c == '}' || c == ']') && follows_comma(json, at))
        return make_fault(Fault::Kind::syntax, at, "comma without a value after it");
    const bool printable = c > ' ' && c < 0x7f;
    char reason[sizeof(Fault::reason)];
    std::snprintf(reason, sizeof(reason),
                  printable ? "unexpected character \"%c\"" : "unexpected byte 0x%02X",
                  static_cast<uint8_t>(c));
    return make_fault(Fault::Kind::syntax, at, reason);
}

} // namespace

Fault make_fault(Fault::Kind kind, size_t offset, std::string_view reason) noexcept {
    Fault fault{kind, offset, {}};
    reason.copy(fault.reason, sizeof(fault.reason) - 1);
    return fault;
}

Fault explain_syntax(std::string_view json, bool utf8, size_t stop) noexcept {
    if (json.starts_with("\xef\xbb\xbf"))
        return make_fault(Fault::Kind::syntax, 0, "byte order mark before the object");
    if (StringWalk walk{}; find_bad_string(json, utf8, stop, walk))
        return make_fault(Fault::Kind::syntax, walk.at, walk.reason);
    if (stop >= json.size())
        return make_fault(Fault::Kind::syntax, json.size(), "unexpected end of the text");
    return explain_byte(json, stop);
}

Fault explain_not_an_object(std::string_view json) noexcept {
    const size_t first = json.find_first_not_of(white_space);
    const auto reason = [c = json[first]]() -> std::string_view {
        switch (c) {
        case '[':
            return "expected an object but found an array";
        case '"':
            return "expected an object but found a string";
        case 't':
        case 'f':
            return "expected an object but found a boolean";
        case 'n':
            return "expected an object but found null";
        default:
            return "expected an object but found a number";
        }
    };
    return make_fault(Fault::Kind::not_an_object, first, reason());
}

} // namespace bemi::json
