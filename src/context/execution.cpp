#include "context/execution.hpp"

#include "context/deferred.hpp"
#include "context/emit.hpp"
#include "context/frame.hpp"
#include "context/statement.hpp"

namespace bemi::execution {

constinit Frame *innermost = nullptr;

namespace {

ExecutorRun_hook_type next_run = nullptr;
ExecutorFinish_hook_type next_finish = nullptr;
ProcessUtility_hook_type next_utility = nullptr;

constinit bool client_in_block = false;

/// What relied on its context in ExecutorRun still does in ExecutorFinish, where writable CTEs that nobody
/// reads run to their end.
struct Unfinished {
    const QueryDesc *query;
    bool is_fixed;
};
constinit Unfinished unfinished = {};

/// A cursor WITH HOLD whose rows are read when its transaction ends.
bool is_held_cursor(const char *text) {
    return ActivePortal != nullptr && ActivePortal->sourceText == text &&
           (ActivePortal->cursorOptions & CURSOR_OPT_HOLD) != 0;
}

/// The client's own statement has the client's string for its text, or, depending on the version of
/// PostgreSQL, a copy of it.
bool is_clients(const char *text) {
    return debug_query_string != nullptr &&
           (text == debug_query_string || strcmp(text, debug_query_string) == 0);
}

/// Whose work it is that begins with no other around it. What deferred triggers run when the transaction ends
/// has a text of its own, and no statement around it any more.
statement::Part part_of(const char *text, const Node *command) {
    if (command != nullptr && IsA(command, ConstraintsSetStmt))
        return statement::Part::set_constraints;
    if (is_held_cursor(text))
        return statement::Part::held_cursor;
    return is_clients(text) ? statement::Part::itself : statement::Part::end_of_transaction;
}

Frame enter(const char *text, const Node *command) {
    if (innermost == nullptr) {
        statement::begin_part(part_of(text, command));
        client_in_block = IsInTransactionBlock(true);
    }
    return {innermost, GetCurrentTransactionNestLevel(), false, false, {}};
}

void leave(Frame &frame) {
    innermost = frame.outer;
    emit::let_go(frame);
}

/// Runs `body` as the innermost frame. (PG_CATCH, since gcc warns of the variable that PG_FINALLY needs.)
template <typename Body> void run_within(Frame &frame, Body &body) {
    innermost = &frame;
    PG_TRY();
    { body(); }
    PG_CATCH();
    {
        leave(frame);
        PG_RE_THROW();
    }
    PG_END_TRY();
    leave(frame);
}

/// A query ends within another one, which goes on with its own context.
void bring_back_outer() {
    if (innermost != nullptr && innermost->relies)
        emit::bring_back(*innermost);
}

template <typename Body> void run(Frame &frame, Body body) {
    run_within(frame, body);
    bring_back_outer();
}

/// The arguments that follow differ between the versions of PostgreSQL.
template <typename... Rest> void on_run(QueryDesc *query, Rest... rest) {
    Frame frame = enter(query->sourceText, nullptr);
    const auto body = [&] { (next_run != nullptr ? next_run : standard_ExecutorRun)(query, rest...); };
    run_within(frame, body);
    unfinished = {frame.relies && query->plannedstmt->hasModifyingCTE ? query : nullptr, frame.is_fixed};
    if (unfinished.query == nullptr)
        bring_back_outer();
}

void on_finish(QueryDesc *query) {
    Frame frame = enter(query->sourceText, nullptr);
    if (unfinished.query == query) {
        frame.relies = true;
        frame.is_fixed = unfinished.is_fixed;
    }
    run(frame, [&] { (next_finish != nullptr ? next_finish : standard_ExecutorFinish)(query); });
    if (deferred::may_queue(query))
        deferred::note();
}

void on_utility(PlannedStmt *planned, const char *text, bool read_only_tree, ProcessUtilityContext context,
                ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
                QueryCompletion *completion) {
    // A command that ends the transaction may free its own tree.
    const bool may_defer = deferred::may_queue(planned->utilityStmt);
    Frame frame = enter(text, planned->utilityStmt);
    run(frame, [&] {
        (next_utility != nullptr ? next_utility : standard_ProcessUtility)(
            planned, text, read_only_tree, context, parameters, environment, receiver, completion);
    });
    if (may_defer)
        deferred::note();
}

void on_transaction_event(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        deferred::forget();
        // A procedure goes on after its COMMIT.
        for (Frame *frame = innermost; frame != nullptr; frame = frame->outer) {
            frame->relies = frame->is_fixed = false;
            for (Kept &kept : frame->kept)
                kept = {};
        }
        break;
    default:
        break;
    }
}

} // namespace

void watch_queries() {
    next_run = ExecutorRun_hook;
    ExecutorRun_hook = on_run;
    next_finish = ExecutorFinish_hook;
    ExecutorFinish_hook = on_finish;
    next_utility = ProcessUtility_hook;
    ProcessUtility_hook = on_utility;
    RegisterXactCallback(on_transaction_event, nullptr);
}

bool in_transaction_block() {
    return innermost != nullptr ? client_in_block : IsInTransactionBlock(true);
}

} // namespace bemi::execution
