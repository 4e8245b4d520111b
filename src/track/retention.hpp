// How long the changes of a table are kept: as an interval, as users give it, and as the text in the
// arguments of its trigger.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi::track::retention {

/// The text, in the current memory context; empty if the interval is zero. ERROR if it is negative.
[[nodiscard]] std::string_view from_interval(const Interval &interval);

/// The interval as a value of SQL; zero if the text is empty.
[[nodiscard]] Datum to_interval(std::string_view text);

} // namespace bemi::track::retention
