// How closely a table is tracked, as the caller of a function names it.
#pragma once

#include "base/compat.hpp"
#include "base/tracking_options.hpp"

#include <optional>

namespace bemi {

/// The level called `name`; any other name is an error.
inline Level level_named(const char *name) {
    Level level;
    if (find_level(name, level))
        return level;
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid tracking level \"%s\"", name),
                    errhint("The levels are \"row\" and \"statement\".")));
}

} // namespace bemi
