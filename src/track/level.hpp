// The level of tracking as an argument of SQL functions.
#pragma once

#include "base/compat.hpp"
#include "base/tracking_options.hpp"

#include <optional>

namespace bemi::track {

/// The level with this name. ERROR if no level has it.
inline Level level_named(const char *name) {
    Level level;
    if (find_level(name, level))
        return level;
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid tracking level \"%s\"", name),
                    errhint("Valid values are \"row\" and \"statement\".")));
}

} // namespace bemi::track
