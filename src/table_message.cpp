#include "table_message.hpp"

#include "attested.hpp"

#include <charconv>

namespace bemi::table_message {
namespace {

constexpr struct {
    TableEvent event;
    const char *name;
} events[] = {
    {TableEvent::altered, "altered"},
    {TableEvent::rewritten, "rewritten"},
    {TableEvent::moved_rows, "moved rows"},
    {TableEvent::found, "found"},
};

const char *name_of(TableEvent event) {
    for (const auto &candidate : events)
        if (candidate.event == event)
            return candidate.name;
    pg_unreachable();
}

} // namespace

void write(const Content &content) {
    if (!XLogLogicalInfoActive())
        return;
    char message[64];
    const int size = snprintf(message, sizeof(message), "%u %s", content.table, name_of(content.event));
    (void)log_attested_message(prefix, {message, static_cast<size_t>(size)});
}

std::optional<Content> read(std::string_view message) {
    Oid table;
    const char *end = message.data() + message.size();
    const auto [rest, error] = std::from_chars(message.data(), end, table);
    if (error != std::errc{} || rest == end)
        return std::nullopt;
    for (const auto &candidate : events)
        if (std::string_view(rest + 1, end) == candidate.name)
            return Content{table, candidate.event};
    return std::nullopt;
}

} // namespace bemi::table_message
