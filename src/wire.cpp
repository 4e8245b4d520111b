#include "wire.hpp"

#include "base/boundary.hpp"

namespace bemi::wire {
namespace {

std::string_view member(std::string_view object, std::string_view name) {
    return cpp_call([&] { return json::member(object, name); });
}

/// Whether the object may have a member `pg`, maybe with escapes in its name. This runs for every statement
/// that writes, and most claims have no such member, so it is a fast test before a parse.
bool may_have_pg(std::string_view claim) {
    return claim.find("pg\"") != std::string_view::npos || claim.find('\\') != std::string_view::npos;
}

void append(StringInfo out, std::string_view text) {
    appendBinaryStringInfo(out, text.data(), static_cast<int>(text.size()));
}

} // namespace

std::string_view merge(std::string_view base, std::string_view patch, json::Nulls nulls) {
    const size_t room = json::merge_bound(base, patch) + 1;
    char *merged = static_cast<char *>(palloc_extended(room, MCXT_ALLOC_HUGE));
    const size_t size = cpp_call([&] { return json::merge(base, patch, nulls, merged); });
    merged[size] = '\0';
    return {merged, size};
}

std::string_view checked_claim(std::string_view claim) {
    return !may_have_pg(claim) || member(claim, "pg").empty()
               ? claim
               : merge(claim, R"({"pg":null})", json::Nulls::remove);
}

std::string_view context_of(std::string_view claim, std::string_view facts) {
    if (json::is_empty(facts))
        return claim;
    StringInfoData patch;
    initStringInfo(&patch);
    append(&patch, "{");
    if (const std::string_view statement = member(facts, "sql"); !statement.empty()) {
        append(&patch, "\"SQL\":");
        append(&patch, statement);
        append(&patch, ",");
    }
    append(&patch, "\"pg\":");
    append(&patch, facts);
    append(&patch, "}");
    const std::string_view added{patch.data, static_cast<size_t>(patch.len)};
    if (json::is_empty(claim))
        return added;
    const std::string_view merged = merge(claim, added, json::Nulls::keep);
    pfree(patch.data);
    return merged;
}

} // namespace bemi::wire
