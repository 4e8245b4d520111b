// Compares the reader of tags with a second one that shares no code with it: it splits the text at quotes
// first.
#include "context/tags.hpp"
#include "pieces.hpp"
#include "require.hpp"

#include <cctype>
#include <optional>
#include <string>
#include <vector>

using namespace bemi;
using namespace bemi::context;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool is_space(char c) {
    return c != '\0' && std::string_view(" \t\n\r\f\v").find(c) != std::string_view::npos;
}

std::string without_space(const std::string &text) {
    size_t first = 0, last = text.size();
    while (first < last && is_space(text[first]))
        ++first;
    while (last > first && is_space(text[last - 1]))
        --last;
    return text.substr(first, last - first);
}

std::string without_percent(const std::string &text) {
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && isxdigit(static_cast<unsigned char>(text[i + 1])) &&
            isxdigit(static_cast<unsigned char>(text[i + 2]))) {
            result += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        } else {
            result += text[i];
        }
    }
    return result;
}

/// Odd pieces are values, even ones what stands between them. A quote after a backslash is part of a value.
std::optional<Pairs> model(const std::string &text) {
    std::vector<std::string> pieces(1);
    for (size_t i = 0; i < text.size(); ++i) {
        const bool in_value = pieces.size() % 2 == 0;
        if (text[i] != '\'')
            pieces.back() += text[i];
        else if (in_value && !pieces.back().empty() && text[i - 1] == '\\')
            pieces.back().back() = '\'';
        else
            pieces.emplace_back();
    }
    if (pieces.size() < 3 || pieces.size() % 2 == 0 || !without_space(pieces.back()).empty())
        return std::nullopt;
    Pairs pairs;
    for (size_t i = 0; i + 1 < pieces.size(); i += 2) {
        std::string key = without_space(pieces[i]);
        if (i > 0) {
            if (key.empty() || key.front() != ',')
                return std::nullopt;
            key = without_space(key.substr(1));
        }
        if (key.empty() || key.back() != '=')
            return std::nullopt;
        key = without_space(key.substr(0, key.size() - 1));
        if (key.empty())
            return std::nullopt;
        for (const char c : key)
            if (is_space(c) || c == ',' || c == '=')
                return std::nullopt;
        pairs.emplace_back(without_percent(key), without_percent(pieces[i + 1]));
    }
    return pairs;
}

std::string decoded(std::string_view written) {
    std::string text(written);
    text.resize(tags::decode(text.data(), text.size()));
    return text;
}

/// Makes what matters likely.
std::string expand(const uint8_t *data, size_t size) {
    static const char *const pieces[] = {"='",   "',", "\\'", "%", "%41", "%C3%BC", " ",   "k",
                                         "bemi", "=",  "'",   ",", "\\",  "%2",     "%5c", "\n"};
    return text_of_pieces(data, size, pieces);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const KeyList all("*\0"), one("k\0");
    const std::string text = expand(data, size);
    const std::optional<Pairs> expected = model(text);
    require(tags::has_listed(text, all) == expected.has_value(), "a text has tags as in the model");
    if (!expected)
        return 0;

    std::string_view rest = text;
    size_t count = 0;
    bool has_one = false;
    for (tags::Tag tag; tags::take(rest, tag); ++count) {
        require(count < expected->size(), "no tag more than in the model");
        const auto &[key, value] = (*expected)[count];
        require(decoded(tag.key) == key && decoded(tag.value) == value, "each tag is as in the model");
        require(tags::is_called(tag.key, key), "a key is called what it is decoded to");
        require(tags::is_listed(tag.key, one) == (key == "k"), "a key is listed if the list has it");
        has_one = has_one || key == "k";
    }
    require(count == expected->size() && rest.empty(), "no tag less than in the model");
    require(tags::has_listed(text, one) == has_one, "one listed key suffices");
    return 0;
}
