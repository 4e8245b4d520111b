// The options of a tracked table as arguments of SQL functions: those that are NULL are not given.
#pragma once

#include "base/compat.hpp"
#include "base/tracking_options.hpp"
#include "track/column_rules.hpp"

#include <optional>

namespace bemi::track {

struct GivenOptions {
    std::optional<Level> level;
    std::optional<Requirement> require_context;
    std::optional<bool> skip_unchanged;
    std::optional<std::string_view> retention;
    column_rules::Given rules;

    [[nodiscard]] bool any_rules() const {
        return std::any_of(std::begin(rules), std::end(rules),
                           [](const auto &one) { return one.has_value(); });
    }
    [[nodiscard]] bool any() const {
        return level || require_context || skip_unchanged || retention || any_rules();
    }

    /// The given rules together.
    [[nodiscard]] std::string_view all_rules() const { return column_rules::replaced({}, rules); }

    /// Changes the options that are given.
    void apply_to(ChosenOptions &options) const {
        options.level = level.value_or(options.level);
        options.require_context = require_context.value_or(options.require_context);
        options.skip_unchanged = skip_unchanged.value_or(options.skip_unchanged);
        options.retention = retention.value_or(options.retention);
        if (any_rules())
            options.column_rules = column_rules::replaced(options.column_rules, rules);
    }
};

/// The level with this name. ERROR if no level has it.
inline Level level_named(const char *name) {
    Level level;
    if (find_level(name, level))
        return level;
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid tracking level \"%s\"", name),
                    errhint("Valid values are \"row\" and \"statement\".")));
}

/// The requirement with this name. ERROR if none has it.
inline Requirement requirement_named(const char *name) {
    Requirement requirement;
    if (find_requirement(name, requirement))
        return requirement;
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("invalid value for \"require_context\": \"%s\"", name),
                    errhint("Valid values are \"off\", \"warning\" and \"error\".")));
}

} // namespace bemi::track
