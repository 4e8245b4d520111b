#include "decode/values/iso_time.hpp"

#include <chrono>

namespace bemi::decode {

namespace {

namespace chrono = std::chrono;

constexpr chrono::sys_days postgres_epoch = chrono::year{2000} / 1 / 1;

constexpr int64 day_number(chrono::year_month_day date) {
    return (chrono::sys_days{date} - postgres_epoch).count();
}

// Years 1 to 9999 are written here; for all others, and infinity, PostgreSQL's function is called.
constexpr int64 first_day = day_number(chrono::year{1} / 1 / 1);
constexpr int64 last_day = day_number(chrono::year{9999} / 12 / 31);

struct DayAndTime {
    int64 day;
    int64 microsecond;
};

DayAndTime split(int64 timestamp) {
    int64 day = timestamp / USECS_PER_DAY, microsecond = timestamp % USECS_PER_DAY;
    if (microsecond < 0) {
        microsecond += USECS_PER_DAY;
        day--;
    }
    return {day, microsecond};
}

char *put_two_digits(char *out, unsigned value) {
    out[0] = static_cast<char>('0' + value / 10);
    out[1] = static_cast<char>('0' + value % 10);
    return out + 2;
}

char *put_day(char *out, int64 day) {
    const chrono::year_month_day date{postgres_epoch + chrono::days{day}};
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    out = put_two_digits(out, year / 100);
    out = put_two_digits(out, year % 100);
    *out++ = '-';
    out = put_two_digits(out, static_cast<unsigned>(date.month()));
    *out++ = '-';
    return put_two_digits(out, static_cast<unsigned>(date.day()));
}

char *put_time_of_day(char *out, int64 microsecond) {
    const auto second = static_cast<unsigned>(microsecond / USECS_PER_SEC);
    *out++ = 'T';
    out = put_two_digits(out, second / SECS_PER_HOUR);
    *out++ = ':';
    out = put_two_digits(out, second / SECS_PER_MINUTE % MINS_PER_HOUR);
    *out++ = ':';
    return put_two_digits(out, second % SECS_PER_MINUTE);
}

char *put_fraction(char *out, int64 microsecond) {
    auto fraction = static_cast<unsigned>(microsecond % USECS_PER_SEC);
    *out++ = '.';
    out = put_two_digits(out, fraction / 10000);
    out = put_two_digits(out, fraction / 100 % 100);
    return put_two_digits(out, fraction % 100);
}

char *put_trimmed_fraction(char *out, int64 microsecond) {
    if (microsecond % USECS_PER_SEC == 0)
        return out;
    out = put_fraction(out, microsecond);
    while (out[-1] == '0')
        out--;
    return out;
}

bool has_four_digit_year(int64 day) {
    return day >= first_day && day <= last_day;
}

char *put_zone(char *out) {
    memcpy(out, "+00:00", 6);
    return out + 6;
}

char *put_as_postgres(char *out, Datum value, Oid type) {
    const int utc = 0;
    JsonEncodeDateTime(out, value, type, &utc);
    return out + strlen(out);
}

} // namespace

char *put_date(char *out, DateADT date) {
    if (!has_four_digit_year(date))
        return put_as_postgres(out, DateADTGetDatum(date), DATEOID);
    return put_day(out, date);
}

char *put_timestamp(char *out, Timestamp timestamp) {
    const auto [day, microsecond] = split(timestamp);
    if (!has_four_digit_year(day))
        return put_as_postgres(out, TimestampGetDatum(timestamp), TIMESTAMPOID);
    return put_trimmed_fraction(put_time_of_day(put_day(out, day), microsecond), microsecond);
}

char *put_timestamptz(char *out, TimestampTz timestamp) {
    if (!has_four_digit_year(split(timestamp).day))
        return put_as_postgres(out, TimestampTzGetDatum(timestamp), TIMESTAMPTZOID);
    return put_zone(put_timestamp(out, timestamp));
}

char *put_instant(char *out, TimestampTz timestamp) {
    const auto [day, microsecond] = split(timestamp);
    if (!has_four_digit_year(day))
        return put_as_postgres(out, TimestampTzGetDatum(timestamp), TIMESTAMPTZOID);
    out = put_fraction(put_time_of_day(put_day(out, day), microsecond), microsecond);
    *out++ = 'Z';
    return out;
}

} // namespace bemi::decode
