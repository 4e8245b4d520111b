#include "decode/options/option_definition.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool starts_ignoring_case(std::string_view word, std::string_view start) {
    return start.size() <= word.size() && equal_ignoring_case(word.substr(0, start.size()), start);
}

} // namespace

void bad_value(const Argument &argument, std::string detail, std::string hint) {
    throw OptionError("invalid value for option \"" + std::string{argument.name} + "\": \"" +
                          std::string{argument.value.value_or("")} + '"',
                      std::move(detail), std::move(hint));
}

std::string_view value_of(const Argument &argument) {
    if (!argument.value)
        throw OptionError("option \"" + std::string{argument.name} + "\" requires a value", {}, {});
    return *argument.value;
}

bool parse_bool(const Argument &argument) {
    if (!argument.value)
        return true;
    const std::string_view value = *argument.value;
    const auto abbreviates = [value](std::string_view word, size_t at_least) {
        return value.size() >= at_least && starts_ignoring_case(word, value);
    };
    if (abbreviates("true", 1) || abbreviates("yes", 1) || abbreviates("on", 2) || value == "1")
        return true;
    if (abbreviates("false", 1) || abbreviates("no", 1) || abbreviates("off", 2) || value == "0")
        return false;
    bad_value(argument, {}, "Valid values are \"on\" and \"off\".");
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

} // namespace bemi::decode
