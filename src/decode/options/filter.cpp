#include "decode/options/filter.hpp"

#include "base/wildcard.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string quoted(std::string_view element) {
    return '"' + std::string{element} + '"';
}

/// Removes a pattern from the start of `rest` and returns it. With `stop_at_dot` it ends before the first dot
/// that is not escaped.
Pattern cut_pattern(std::string_view &rest, bool stop_at_dot) {
    Pattern pattern;
    size_t i = 0;
    for (; i < rest.size() && !(stop_at_dot && rest[i] == '.'); i++) {
        if (rest[i] == '*') {
            pattern.add_wildcard();
            continue;
        }
        if (rest[i] == '\\' && ++i == rest.size())
            throw ListError("A backslash at the end of an element escapes nothing.");
        pattern.add_literal(rest[i]);
    }
    rest.remove_prefix(i);
    return pattern;
}

} // namespace

std::string_view cut_element(std::string_view &list) {
    while (!list.empty() && is_blank(list.front()))
        list.remove_prefix(1);

    size_t i = 0, end = 0; // `end` follows the last character that is not a blank
    while (i < list.size() && list[i] != ',') {
        const bool escaped = list[i] == '\\';
        const bool counts = escaped || !is_blank(list[i]);
        i = std::min(i + (escaped ? 2 : 1), list.size());
        if (counts)
            end = i;
    }
    const std::string_view element = list.substr(0, end);
    list.remove_prefix(i);
    return element;
}

bool Pattern::matches(std::string_view name) const noexcept {
    return matches_wildcards(text_, name, wildcard);
}

NameList::NameList(std::string_view list) {
    for_each_element(list, [this](std::string_view element) {
        const bool stop_at_dot = false;
        Pattern name = cut_pattern(element, stop_at_dot);
        if (name.empty())
            throw ListError("The list has an empty element.");
        add(std::move(name));
    });
}

void NameList::add(Pattern name) {
    patterns_.push_back(std::move(name));
}

bool NameList::matches(std::string_view name) const noexcept {
    return std::any_of(patterns_.begin(), patterns_.end(),
                       [name](const Pattern &pattern) { return pattern.matches(name); });
}

TableList::TableList(std::string_view list) {
    for_each_element(list, [this](std::string_view element) {
        const bool stop_at_dot = true;
        std::string_view rest = element;
        Pattern schema = cut_pattern(rest, stop_at_dot);
        if (rest.empty())
            throw ListError("Table " + quoted(element) + " has no schema.");
        rest.remove_prefix(1);
        Pattern name = cut_pattern(rest, stop_at_dot);
        if (!rest.empty())
            throw ListError("Table " + quoted(element) + " has more than one dot.");
        if (schema.empty() || name.empty())
            throw ListError("Table " + quoted(element) + " has an empty name.");
        add(std::move(schema), std::move(name));
    });
}

void TableList::add(Pattern schema, Pattern name) {
    tables_.push_back({std::move(schema), std::move(name)});
}

bool TableList::matches(std::string_view schema, std::string_view table) const noexcept {
    return std::any_of(tables_.begin(), tables_.end(), [&](const Table &pattern) {
        return pattern.schema.matches(schema) && pattern.name.matches(table);
    });
}

} // namespace bemi::decode
