// What is not to be stored of the columns of a tracked table: rules that are arguments of its trigger, one
// for each pattern, such as `exclude=*_token`. This file does not include PostgreSQL.
#pragma once

#include "base/wildcard.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace bemi {

enum class ColumnRule : uint8_t {
    ignore,  // an UPDATE of nothing else is no change
    exclude, // and the column is left out of changes
    redact,  // changes have a marker instead of the value
};

inline constexpr ColumnRule all_column_rules[] = {ColumnRule::ignore, ColumnRule::exclude,
                                                  ColumnRule::redact};

/// The rule's name, which is the key of its arguments.
[[nodiscard]] std::string_view column_rule_name(ColumnRule rule);

/// A rule for the columns whose names match the pattern.
struct ColumnPattern {
    ColumnRule rule;
    std::string_view pattern; // in which `*` stands for any characters

    [[nodiscard]] bool matches(std::string_view column) const {
        return matches_wildcards(pattern, column, '*');
    }
};

/// Reads an argument. Nothing if it is not a rule for columns.
[[nodiscard]] std::optional<ColumnPattern> column_pattern(std::string_view argument);

/// Calls `use` for each of several arguments, after each of which there is a zero byte: so they stand in
/// pg_trigger.tgargs.
template <typename Use> void for_each_argument(std::string_view arguments, Use &&use) {
    while (!arguments.empty()) {
        const size_t end = std::min(arguments.find('\0'), arguments.size());
        use(arguments.substr(0, end));
        arguments.remove_prefix(std::min(end + 1, arguments.size()));
    }
}

/// Calls `use` for each of the arguments that is a rule for columns.
template <typename Use> void for_each_column_pattern(std::string_view arguments, Use &&use) {
    for_each_argument(arguments, [&use](std::string_view argument) {
        if (const std::optional<ColumnPattern> rule = column_pattern(argument))
            use(*rule);
    });
}

} // namespace bemi
