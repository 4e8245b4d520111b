#include "track/retention.hpp"

#include "base/text.hpp"
#include "base/tracking_options.hpp"

namespace bemi::track::retention {

std::string_view from_interval(const Interval &interval) {
    if (interval.month < 0 || interval.day < 0 || interval.time < 0)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"retention\" must not be negative"),
                 errhint("A retention of 0 stands for that of bemi.retention.")));
    if (interval.month == 0 && interval.day == 0 && interval.time == 0)
        return {};
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, "P%dM%dD", interval.month, interval.day);
    if (interval.time > 0)
        appendStringInfo(&text, "T%lld.%06dS", static_cast<long long>(interval.time / USECS_PER_SEC),
                         static_cast<int>(interval.time % USECS_PER_SEC));
    if (!is_retention(view_of(text)))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"retention\" is too long")));
    return view_of(text);
}

Datum to_interval(std::string_view text) {
    const char *input = text.empty() ? "0" : pnstrdup(text.data(), text.size());
    return DirectFunctionCall3(interval_in, CStringGetDatum(input), ObjectIdGetDatum(InvalidOid),
                               Int32GetDatum(-1));
}

} // namespace bemi::track::retention
