#include "session.hpp"

#include "boundary.hpp"
#include "facts.hpp"
#include "json_object.hpp"
#include "statement.hpp"
#include "wire.hpp"

namespace bemi::session {
namespace {

constinit MemoryContext memory = nullptr; // holds what had to be worked out; reset for the next
constinit InForce known{};
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

std::string_view unless_empty(std::string_view object) {
    return json_object::is_empty(object) ? std::string_view() : object;
}

std::string_view claim() {
    return unless_empty(wire::checked_claim(layer(guc::context, statement::comment())));
}

std::string_view captured_facts() {
    if (guc::capture == 0)
        return {};
    StringInfoData json;
    initStringInfo(&json);
    facts::append(&json);
    return unless_empty({json.data, static_cast<size_t>(json.len)});
}

} // namespace

bool changed() {
    return !is_known || known_settings != guc::generation || known_statement != statement::serial() ||
           (guc::capture != 0 && facts::changed());
}

uint64 version() {
    return known_version;
}

const InForce &in_force() {
    if (!changed())
        return known;
    if (memory == nullptr)
        memory = AllocSetContextCreate(TopMemoryContext, "bemi context", ALLOCSET_DEFAULT_SIZES);

    is_known = false; // should this fail, nothing half done is believed
    MemoryContextReset(memory);
    MemoryContext caller = MemoryContextSwitchTo(memory);
    known_settings = guc::generation;
    known_statement = statement::serial();
    known = {.claim = claim(), .facts = captured_facts()};
    known_version++;
    is_known = true;
    MemoryContextSwitchTo(caller);
    return known;
}

} // namespace bemi::session
