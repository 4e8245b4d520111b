// How a table is tracked, as the arguments of its trigger ~bemi_truncate hold it: `key=value` each. They are
// input: anybody who may create triggers may write them by hand.
//
//   level=row|statement
//   identity=default|nothing|full|index NAME    the replica identity that it had before
//   rule=schema                                 it follows the rule of its schema, as long as there is one
//   earlier_rows=unstored                       it had rows already when an event trigger took it
#pragma once

#include <cstdint>
#include <string_view>

namespace bemi {

enum class Level : uint8_t {
    row,       // BEFORE ROW triggers: exact to the row
    statement, // BEFORE STATEMENT triggers: no cost per row
};

struct TrackingOptions {
    Level level = Level::row;
    char identity = 'd';             // as in pg_class.relreplident
    std::string_view identity_index; // where that is 'i'
    bool by_schema = false;
    bool has_earlier_rows = false;
};

[[nodiscard]] std::string_view level_name(Level level);

/// The level called `name`; false if there is none.
[[nodiscard]] bool find_level(std::string_view name, Level &level);

/// Takes what one argument says, which the options then point into. False, and nothing is changed, if it is
/// not understood.
[[nodiscard]] bool take_argument(TrackingOptions &options, std::string_view argument);

/// The name of the identity in the argument; the index's follows that of `i`.
[[nodiscard]] std::string_view identity_name(char identity);

/// Calls `write(key, value, rest of the value)` for each argument that the options are written as.
template <typename Write> void write_arguments(const TrackingOptions &options, Write &&write) {
    using namespace std::literals;
    write("level"sv, level_name(options.level), ""sv);
    write("identity"sv, identity_name(options.identity), options.identity_index);
    if (options.by_schema)
        write("rule"sv, "schema"sv, ""sv);
    if (options.has_earlier_rows)
        write("earlier_rows"sv, "unstored"sv, ""sv);
}

} // namespace bemi
