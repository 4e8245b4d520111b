// How closely a table is tracked.
#pragma once

#include "compat.hpp"

namespace bemi {

enum class Level : uint8_t {
    row,       // BEFORE ROW triggers: exact to the row
    statement, // BEFORE STATEMENT triggers: no cost per row
};

inline const char *level_name(Level level) {
    return level == Level::row ? "row" : "statement";
}

/// The level called `name`; any other name is an error.
inline Level level_named(const char *name) {
    if (strcmp(name, "row") == 0)
        return Level::row;
    if (strcmp(name, "statement") == 0)
        return Level::statement;
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid tracking level \"%s\"", name),
                    errhint("The levels are \"row\" and \"statement\".")));
}

} // namespace bemi
