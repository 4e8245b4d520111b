// The settings that the text of values depends on. They are fixed while a value is written, so that a change
// looks the same to everybody.
#pragma once

#include "base/compat.hpp"

namespace bemi::decode {

/// Values of what DateStyle, IntervalStyle, TimeZone, extra_float_digits and bytea_output set.
struct TextSettings {
    int date_style;
    int interval_style;
    pg_tz *time_zone;
    int float_digits;
    int bytea_style;
};

/// The defaults, with ISO dates in UTC.
[[nodiscard]] TextSettings fixed_settings();

/// Puts settings in force; returns those that were before.
TextSettings swap_settings(const TextSettings &settings);

/// Runs `body` with `settings` in force. The variables are set themselves: a nesting level of settings would
/// be walked through at the end of each transaction that is decoded.
template <typename Body> void with_settings(const TextSettings &settings, Body &&body) {
    const TextSettings caller = swap_settings(settings);
    PG_TRY();
    { body(); }
    PG_FINALLY();
    { (void)swap_settings(caller); }
    PG_END_TRY();
}

} // namespace bemi::decode
