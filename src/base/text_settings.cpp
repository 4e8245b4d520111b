#include "base/text_settings.hpp"

namespace bemi {

TextSettings fixed_settings() {
    return {.date_style = USE_ISO_DATES,
            .interval_style = INTSTYLE_POSTGRES,
            .time_zone = pg_tzset("UTC"),
            .float_digits = 1,
            .bytea_style = BYTEA_OUTPUT_HEX,
            .array_nulls = true,
            .xml_option = XMLOPTION_CONTENT};
}

TextSettings swap_settings(const TextSettings &settings) {
    const TextSettings before{.date_style = DateStyle,
                              .interval_style = IntervalStyle,
                              .time_zone = session_timezone,
                              .float_digits = extra_float_digits,
                              .bytea_style = bytea_output,
                              .array_nulls = Array_nulls,
                              .xml_option = xmloption};
    DateStyle = settings.date_style;
    IntervalStyle = settings.interval_style;
    session_timezone = settings.time_zone;
    extra_float_digits = settings.float_digits;
    bytea_output = settings.bytea_style;
    Array_nulls = settings.array_nulls;
    xmloption = settings.xml_option;
    return before;
}

} // namespace bemi
