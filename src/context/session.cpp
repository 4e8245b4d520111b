#include "session.hpp"

#include "boundary.hpp"
#include "facts.hpp"
#include "json_object.hpp"
#include "statement.hpp"

namespace bemi::session {
namespace {

constinit MemoryContext merged_memory = nullptr; // holds what had to be merged; reset for the next
std::string_view known;
constinit bool is_known = false;
constinit uint64 known_settings = 0;
constinit uint64 known_statement = 0;
constinit uint64 known_version = 0;

/// `patch` over `base`, both possibly empty. The bytes of one that stands alone are not touched.
std::string_view layer(std::string_view base, std::string_view patch) {
    if (patch.empty() || json_object::is_empty(patch))
        return base;
    if (base.empty() || json_object::is_empty(base))
        return patch;
    char *merged =
        static_cast<char *>(palloc_extended(json_object::merge_bound(base, patch), MCXT_ALLOC_HUGE));
    const size_t size =
        cpp_call([&] { return json_object::merge(base, patch, json_object::Nulls::keep, merged); });
    return {merged, size};
}

std::string_view captured_facts() {
    if (guc::capture == 0)
        return {};
    StringInfoData json;
    initStringInfo(&json);
    facts::append(&json);
    return {json.data, static_cast<size_t>(json.len)};
}

std::string_view merge_sources() {
    const std::string_view own = layer(guc::context, statement::comment());
    const std::string_view all = layer(own, captured_facts());
    return all.empty() || json_object::is_empty(all) ? std::string_view() : all;
}

} // namespace

bool changed() {
    return !is_known || known_settings != guc::generation || known_statement != statement::serial() ||
           (guc::capture != 0 && facts::changed());
}

uint64 version() {
    return known_version;
}

std::string_view effective() {
    if (!changed())
        return known;
    if (merged_memory == nullptr)
        merged_memory = AllocSetContextCreate(TopMemoryContext, "bemi context", ALLOCSET_DEFAULT_SIZES);

    is_known = false; // should merging fail, nothing half done is believed
    MemoryContextReset(merged_memory);
    MemoryContext caller = MemoryContextSwitchTo(merged_memory);
    known_settings = guc::generation;
    known_statement = statement::serial();
    known = merge_sources();
    known_version++;
    is_known = true;
    MemoryContextSwitchTo(caller);
    return known;
}

} // namespace bemi::session
