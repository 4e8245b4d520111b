// How a table is tracked. The arguments of its trigger ~bemi_truncate hold these options, each as
// `key=value`. A user can create such a trigger by hand, so the arguments are input that may be wrong.
//
//   level=row|statement
//   require_context=warning|error               what a write without a context gets
//   identity=default|nothing|full|index NAME    the replica identity that the table had before
//   rule=schema                                 the table follows the rule of its schema
//   retention=P90D                              how long changes are kept, in months (M), days and seconds:
//   P1M2DT3.5S skip_unchanged=true                         an UPDATE that changes nothing is no change
//   ignore|exclude|redact=PATTERN               a rule for columns, see column_rules.hpp; any number of them
#pragma once

#include "base/column_rules.hpp"

#include <cstdint>
#include <string_view>

namespace bemi {

enum class Level : uint8_t {
    row,       // BEFORE ROW triggers: exact to the row
    statement, // BEFORE STATEMENT triggers: no cost per row
};

/// What a write gets that lacks the context it needs. A stricter requirement is a greater one.
enum class Requirement : uint8_t { off, warning, error };

/// What users choose for a table, or for the tables of a schema.
struct ChosenOptions {
    Level level = Level::row;
    Requirement require_context = Requirement::off;
    bool skip_unchanged = false;
    std::string_view retention;    // empty: as long as those of other tables
    std::string_view column_rules; // their arguments, each with a zero byte after it

    bool operator==(const ChosenOptions &) const = default;
};

struct TrackingOptions {
    ChosenOptions chosen;
    char identity = 'd';             // as in pg_class.relreplident
    std::string_view identity_index; // its index, if identity is 'i'
    bool by_schema = false;
};

/// The level's name, as users write it.
[[nodiscard]] std::string_view level_name(Level level);

/// Sets `level` to the level with this name; false if no level has it.
[[nodiscard]] bool find_level(std::string_view name, Level &level);

/// The name of the requirement, as users write it.
[[nodiscard]] std::string_view requirement_name(Requirement requirement);

/// Sets `requirement` to the one with this name; false if none has it.
[[nodiscard]] bool find_requirement(std::string_view name, Requirement &requirement);

/// Sets the option that the argument is for; the options may then point into the argument. False, and the
/// options unchanged, if it is not a valid argument. Rules for columns are valid, but not taken, since there
/// may be several of them.
[[nodiscard]] bool take_argument(TrackingOptions &options, std::string_view argument);

/// Whether the text is a length of time of the form P[nM][nD][T[n[.n]S]], which PostgreSQL reads as an
/// interval.
[[nodiscard]] bool is_retention(std::string_view text);

/// The replica identity as the argument `identity` has it. The name of the index follows that of 'i'.
[[nodiscard]] std::string_view identity_name(char identity);

/// Calls `write(key, value, rest of the value)` for the argument that each trigger of the table needs, if it
/// needs any: the requirement, which the trigger that fires must know at once.
template <typename Write> void write_requirement(const TrackingOptions &options, Write &&write) {
    using namespace std::literals;
    if (options.chosen.require_context != Requirement::off)
        write("require_context"sv, requirement_name(options.chosen.require_context), ""sv);
}

/// Calls `write(key, value, rest of the value)` for each argument that these options need.
template <typename Write> void write_arguments(const TrackingOptions &options, Write &&write) {
    using namespace std::literals;
    write("level"sv, level_name(options.chosen.level), ""sv);
    write("identity"sv, identity_name(options.identity), options.identity_index);
    if (options.by_schema)
        write("rule"sv, "schema"sv, ""sv);
    if (options.chosen.skip_unchanged)
        write("skip_unchanged"sv, "true"sv, ""sv);
    if (!options.chosen.retention.empty())
        write("retention"sv, options.chosen.retention, ""sv);
    write_requirement(options, write);
    for_each_column_pattern(options.chosen.column_rules, [&write](const ColumnPattern &rule) {
        write(column_rule_name(rule.rule), rule.pattern, ""sv);
    });
}

} // namespace bemi
