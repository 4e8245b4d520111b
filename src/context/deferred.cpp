#include "context/deferred.hpp"

namespace bemi::context::deferred {
namespace {

/// The comment of the statements that have queued triggers. The comment before a query string and that on a
/// statement are recorded apart, because several statements of one string share the former.
struct Queued {
    bool any;                 // a statement has queued triggers
    bool differ;              // another one with another comment has, too
    std::string_view comment; // of the first such statement
};
struct QueuedLayers {
    Queued whole;
    Queued own;
};
constinit QueuedLayers tags = {};
constinit QueuedLayers json = {};

/// Whether a user has made it a deferrable trigger. Those of foreign keys and unique constraints can be
/// deferred too, but write no rows then.
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

void record(Queued &queued, std::string_view comment) {
    if (!queued.any)
        queued = {true, false, comment.empty() ? comment : copy(comment)};
    else if (queued.comment != comment)
        queued.differ = true;
}

void record(QueuedLayers &queued, const statement::Layers &comments) {
    record(queued.whole, comments.whole);
    record(queued.own, comments.own);
}

std::string_view comment_of(const Queued &queued) {
    return queued.differ ? std::string_view() : queued.comment;
}

statement::Layers comments_of(const QueuedLayers &queued) {
    return {comment_of(queued.whole), comment_of(queued.own)};
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

void record() {
    // Triggers that a deferred trigger queues belong to the statement that has queued the latter.
    if (statement::part() != statement::Part::itself)
        return;
    const statement::Comments comments = statement::comments();
    record(tags, comments.tags);
    record(json, comments.json);
}

statement::Comments comments() {
    return {comments_of(tags), comments_of(json)};
}

void forget() {
    tags = json = {};
}

} // namespace bemi::context::deferred
