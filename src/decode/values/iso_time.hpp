// Writes dates and times in ISO 8601, as to_jsonb does with TimeZone UTC.
#pragma once

#include "base/compat.hpp"

namespace bemi::decode {

/// Bytes that each of the functions below may write.
inline constexpr size_t iso_time_room = MAXDATELEN + 1;

// Each writes to `out` and returns the end of the text, without a zero byte.
char *put_date(char *out, DateADT date);
char *put_timestamp(char *out, Timestamp timestamp);
char *put_timestamptz(char *out, TimestampTz timestamp);

/// Always writes six fractional digits, and the zone as Z.
char *put_instant(char *out, TimestampTz timestamp);

} // namespace bemi::decode
