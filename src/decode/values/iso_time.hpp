// Dates and times in ISO 8601 as to_jsonb writes them in time zone UTC.
#pragma once

#include "base/compat.hpp"

namespace bemi::decode {

/// Room that the functions below need.
inline constexpr size_t iso_time_room = MAXDATELEN + 1;

// Each writes to `out` and returns the end.
char *put_date(char *out, DateADT date);
char *put_timestamp(char *out, Timestamp timestamp);
char *put_timestamptz(char *out, TimestampTz timestamp);

/// With always six digits of a second and the zone as Z.
char *put_instant(char *out, TimestampTz timestamp);

} // namespace bemi::decode
