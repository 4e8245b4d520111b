#include "base/text_settings.hpp"

namespace bemi {

TextSettings fixed_settings() {
    return {.date_style = USE_ISO_DATES,
            .interval_style = INTSTYLE_POSTGRES,
            .time_zone = pg_tzset("UTC"),
            .float_digits = 1,
            .bytea_style = BYTEA_OUTPUT_HEX};
}

TextSettings swap_settings(const TextSettings &settings) {
    const TextSettings before{.date_style = DateStyle,
                              .interval_style = IntervalStyle,
                              .time_zone = session_timezone,
                              .float_digits = extra_float_digits,
                              .bytea_style = bytea_output};
    DateStyle = settings.date_style;
    IntervalStyle = settings.interval_style;
    session_timezone = settings.time_zone;
    extra_float_digits = settings.float_digits;
    bytea_output = settings.bytea_style;
    return before;
}

} // namespace bemi
