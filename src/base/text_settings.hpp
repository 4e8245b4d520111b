// The settings on which the text of values depends. They are fixed while a value is written, so that every
// client receives equal text for a change, and while it is read from that text.
#pragma once

#include "base/compat.hpp"

namespace bemi {

/// Values of DateStyle, IntervalStyle, TimeZone, extra_float_digits and bytea_output; of array_nulls and
/// xmloption, which matter to reading only.
struct TextSettings {
    int date_style;
    int interval_style;
    pg_tz *time_zone;
    int float_digits;
    int bytea_style;
    bool array_nulls;
    int xml_option;
};

/// PostgreSQL's defaults, with DateStyle ISO and TimeZone UTC.
[[nodiscard]] TextSettings fixed_settings();

/// Puts `settings` into force and returns the former ones.
TextSettings swap_settings(const TextSettings &settings);

/// Runs `body` with `settings` in force. Assigns the variables directly, because NewGUCNestLevel() would make
/// PostgreSQL walk through all settings at the end of each decoded transaction.
template <typename Body> void with_settings(const TextSettings &settings, Body &&body) {
    const TextSettings caller = swap_settings(settings);
    PG_TRY();
    { body(); }
    PG_FINALLY();
    { (void)swap_settings(caller); }
    PG_END_TRY();
}

} // namespace bemi
