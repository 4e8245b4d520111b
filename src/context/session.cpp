#include "context/session.hpp"

#include "base/text.hpp"
#include "context/deferred.hpp"
#include "context/facts.hpp"
#include "context/statement.hpp"
#include "json/object.hpp"
#include "wire.hpp"

namespace bemi::context::session {
namespace {

constinit MemoryContext memory = nullptr; // holds `known`; reset before the next result
constinit InForce known{};
constinit bool is_known = false;
constinit uint64 known_settings = 0;
constinit uint64 known_statement = 0;
constinit uint64 known_version = 0;

/// Merges `patch` over `base`. If either is empty, the result is the other one, byte by byte.
std::string_view layer(std::string_view base, std::string_view patch) {
    if (patch.empty() || json::is_empty(patch))
        return base;
    if (base.empty() || json::is_empty(base))
        return patch;
    return wire::merge(base, patch, json::Nulls::keep);
}

std::string_view unless_empty(std::string_view object) {
    return json::is_empty(object) ? std::string_view() : object;
}

/// Whether the output plugin would drop the message, which is in UTF-8 and so may be longer than the object.
bool is_too_large(std::string_view object) {
    const auto limit = static_cast<size_t>(guc::max_context_size);
    if (database_is_utf8() || object.size() > limit || object.size() <= limit / MAX_CONVERSION_GROWTH)
        return object.size() > limit;
    StringInfoData utf8;
    initStringInfo(&utf8);
    append_utf8(&utf8, object);
    const bool result = static_cast<size_t>(utf8.len) > limit;
    pfree(utf8.data);
    return result;
}

std::string_view layer_comment(std::string_view base, std::string_view comment) {
    const std::string_view result = layer(base, comment);
    if (comment.empty() || !is_too_large(result))
        return result;
    ereport(DEBUG1, (errmsg("ignored context comment of %zu bytes", comment.size()),
                     errdetail("Together with the context of the session it is larger than "
                               "\"bemi.max_context_size\", which is %d bytes.",
                               guc::max_context_size)));
    return base;
}

std::string_view layer(std::string_view base, const statement::Layers &comments) {
    return layer_comment(layer_comment(base, comments.whole), comments.own);
}

/// Whether deferred triggers run: their rows get the comments of the statement that has queued them and, over
/// them, those of the statement that runs them.
bool runs_deferred_triggers() {
    return statement::part() == statement::Part::set_constraints ||
           statement::part() == statement::Part::end_of_transaction;
}

std::string_view claim() {
    using statement::Comments;
    const Comments queued = runs_deferred_triggers() ? deferred::comments() : Comments();
    const Comments own = statement::comments();
    std::string_view result = usable_setting();
    for (const auto kind : {&Comments::tags, &Comments::json})
        result = layer(layer(result, queued.*kind), own.*kind);
    return unless_empty(wire::checked_claim(result));
}

std::string_view captured_facts() {
    if (guc::capture == 0)
        return {};
    StringInfoData json;
    initStringInfo(&json);
    facts::append(&json);
    return unless_empty({json.data, static_cast<size_t>(json.len)});
}

/// Warns, once a session, about a value that the check of the setting would reject now.
void warn(const char *reason) {
    static constinit bool warned = false;
    if (!warned)
        ereport(WARNING, (errmsg("ignored value of parameter \"bemi.context\""), errdetail("%s", reason),
                          errhint("Correct it where it is set, for example in postgresql.conf.")));
    warned = true;
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

    is_known = false; // after an ERROR below, `known` is not complete
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

/// The check of the setting does not suffice: postgresql.conf is read before the database's encoding is
/// known, and bemi.max_context_size may be decreased later.
std::string_view usable_setting() {
    const std::string_view setting = guc::context;
    const bool no_error = true;
    if (database_is_utf8() &&
        !pg_verify_mbstr(PG_UTF8, setting.data(), static_cast<int>(setting.size()), no_error))
        warn("It is not UTF-8.");
    else if (is_too_large(setting))
        warn("It is larger than \"bemi.max_context_size\".");
    else
        return setting;
    return {};
}

} // namespace bemi::context::session
