#include "context/deferred.hpp"

namespace bemi::deferred {
namespace {

/// The comments before a string and those on the statements themselves are told apart: several statements of
/// one string have that before it in common.
struct Queued {
    bool any;
    bool differ;
    std::string_view comment; // of the first statement that has queued something
};
constinit Queued whole = {};
constinit Queued own = {};

/// A constraint trigger of a user's. Those of foreign keys and unique constraints write nothing when they are
/// deferred.
bool can_be_deferred(const Trigger &trigger) {
    return trigger.tgdeferrable && trigger.tgfoid != F_UNIQUE_KEY_RECHECK &&
           RI_FKey_trigger_type(trigger.tgfoid) == RI_TRIGGER_NONE;
}

bool has_deferrable_trigger(List *relations) {
    for (int i = 0; i < list_length(relations); i++) {
        const TriggerDesc *triggers = static_cast<ResultRelInfo *>(list_nth(relations, i))->ri_TrigDesc;
        for (int j = 0; triggers != nullptr && j < triggers->numtriggers; j++)
            if (can_be_deferred(triggers->triggers[j]))
                return true;
    }
    return false;
}

std::string_view copy(std::string_view text) {
    char *bytes = static_cast<char *>(
        MemoryContextAllocExtended(TopTransactionContext, text.size() + 1, MCXT_ALLOC_HUGE));
    memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
}

void note(Queued &queued, std::string_view comment) {
    if (!queued.any)
        queued = {true, false, comment.empty() ? comment : copy(comment)};
    else if (queued.comment != comment)
        queued.differ = true;
}

std::string_view comment_of(const Queued &queued) {
    return queued.differ ? std::string_view() : queued.comment;
}

} // namespace

bool may_queue(const QueryDesc *query) {
    if (query->operation == CMD_SELECT && !query->plannedstmt->hasModifyingCTE)
        return false;
    const EState *state = query->estate;
    return has_deferrable_trigger(state->es_opened_result_relations) ||
           has_deferrable_trigger(state->es_tuple_routing_result_relations) ||
           has_deferrable_trigger(state->es_trig_target_relations);
}

bool may_queue(Node *command) {
    return IsA(command, CopyStmt) && castNode(CopyStmt, command)->is_from;
}

void note() {
    // What deferred triggers queue themselves belongs to the statements that queued them.
    if (statement::part() != statement::Part::itself)
        return;
    const statement::Comments comments = statement::comments();
    note(whole, comments.whole);
    note(own, comments.own);
}

statement::Comments comments() {
    return {comment_of(whole), comment_of(own)};
}

void forget() {
    whole = own = {};
}

} // namespace bemi::deferred
