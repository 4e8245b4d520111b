#include "context/requirement.hpp"

#include "base/boundary.hpp"
#include "context/emit.hpp"
#include "context/session.hpp"
#include "context/statement.hpp"
#include "json/object.hpp"

#include <algorithm>

namespace bemi::context::requirement {
namespace {

constinit uint64 judged_version = 0; // the session's context that is_met is about
constinit bool is_met = false;
constinit uint64 warned_statement = 0;

bool has_key(std::string_view claim, std::string_view key) {
    return cpp_call([&] { return !json::member(claim, key).empty(); });
}

bool judge(std::string_view claim) {
    return !claim.empty() &&
           !guc::required_keys.any([claim](std::string_view key) { return !has_key(claim, key); });
}

/// Whether the context in force has what is required. Facts are no context. The rows of a statement share
/// their context, so the answer is kept.
bool meets(const session::InForce &now) {
    if (judged_version != session::version()) {
        is_met = judge(now.claim);
        judged_version = session::version();
    }
    return is_met;
}

Requirement option_of(const Trigger &trigger) {
    TrackingOptions options;
    for (int i = 0; i < trigger.tgnargs; i++)
        (void)take_argument(options, trigger.tgargs[i]);
    return options.chosen.require_context;
}

/// Whether an apply worker writes what another server has sent: whoever replicates sets the origin.
bool is_replicated() {
    return compat::session_origin() != compat::no_origin;
}

/// The required keys that the context lacks, for a message.
const char *missing_keys(std::string_view claim) {
    StringInfoData list;
    initStringInfo(&list);
    (void)guc::required_keys.any([&](std::string_view key) {
        if (!has_key(claim, key))
            appendStringInfo(&list, "%s\"%s\"", list.len > 0 ? ", " : "", key.data());
        return false;
    });
    return list.data;
}

void report(int level, Relation relation, std::string_view claim, bool by_table) {
    const char *table = RelationGetRelationName(relation);
    const std::string_view name =
        requirement_name(level == ERROR ? Requirement::error : Requirement::warning);
    ereport(
        level,
        (errcode(level == ERROR ? ERRCODE_INSUFFICIENT_PRIVILEGE : ERRCODE_WARNING),
         claim.empty() ? errmsg("write to table \"%s\" has no context", table)
                       : errmsg("context of write to table \"%s\" lacks %s", table, missing_keys(claim)),
         by_table ? errdetail("The table is tracked with require_context => '%s'.", name.data())
                  : errdetail("\"bemi.require_context\" is \"%s\".", name.data()),
         errhint("Set it first, for example with SELECT bemi.%s('{\"user_id\": 7}'), or in a comment of the "
                 "statement.",
                 claim.empty() ? "set_context" : "merge_context"),
         errtable(relation)));
}

} // namespace

void check(Relation relation, const Trigger &trigger) {
    if (!guc::enabled || is_replicated())
        return;
    const session::InForce &now = session::in_force();
    const std::optional<std::string_view> fixed = emit::fixed_claim();
    const std::string_view claim = fixed.value_or(now.claim);
    if (fixed ? judge(claim) : meets(now))
        return;
    const auto setting = static_cast<Requirement>(guc::require_context);
    const Requirement option = option_of(trigger), required = std::max(setting, option);
    const bool by_table = option > setting;
    if (required == Requirement::error)
        report(ERROR, relation, claim, by_table);
    if (required == Requirement::off || warned_statement == statement::number())
        return;
    warned_statement = statement::number();
    report(WARNING, relation, claim, by_table);
}

} // namespace bemi::context::requirement
