#include "base/column_rules.hpp"

namespace bemi {

std::string_view column_rule_name(ColumnRule rule) {
    constexpr std::string_view names[] = {"ignore", "exclude", "redact"};
    return names[static_cast<size_t>(rule)];
}

std::optional<ColumnPattern> column_pattern(std::string_view argument) {
    const size_t equals = argument.find('=');
    if (equals == std::string_view::npos || equals + 1 == argument.size())
        return {};
    for (const ColumnRule rule : all_column_rules)
        if (argument.substr(0, equals) == column_rule_name(rule))
            return ColumnPattern{rule, argument.substr(equals + 1)};
    return {};
}

} // namespace bemi
