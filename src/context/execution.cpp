#include "context/execution.hpp"

#include "context/deferred.hpp"
#include "context/emit.hpp"
#include "context/frame.hpp"
#include "context/statement.hpp"

namespace bemi::context::execution {

constinit Frame *innermost = nullptr;

namespace {

ExecutorRun_hook_type next_run = nullptr;
ExecutorFinish_hook_type next_finish = nullptr;
ProcessUtility_hook_type next_utility = nullptr;

constinit bool client_in_block = false;

/// A query that relies on its context and goes on in ExecutorFinish, where writable CTEs that were not read
/// to the end are completed.
struct Unfinished {
    const QueryDesc *query;
    bool is_fixed;
};
constinit Unfinished unfinished = {};

/// Whether a cursor WITH HOLD runs, whose remaining rows are read when its transaction ends.
bool is_held_cursor(const char *text) {
    return ActivePortal != nullptr && ActivePortal->sourceText == text &&
           (ActivePortal->cursorOptions & CURSOR_OPT_HOLD) != 0;
}

/// Whether the text is that of the client's own statement: the client's query string or, in some versions of
/// PostgreSQL, a copy of it.
bool is_client_statement(const char *text) {
    return debug_query_string != nullptr &&
           (text == debug_query_string || strcmp(text, debug_query_string) == 0);
}

/// The part of the client's work that an outermost query or command is. A query of a deferred trigger at the
/// end of the transaction has a text of its own, and runs within no other query.
statement::Part part_of(const char *text, const Node *command) {
    if (command != nullptr && IsA(command, ConstraintsSetStmt))
        return statement::Part::set_constraints;
    if (is_held_cursor(text))
        return statement::Part::held_cursor;
    return is_client_statement(text) ? statement::Part::itself : statement::Part::end_of_transaction;
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
    emit::free_kept(frame);
}

/// Runs `body` as the innermost frame. It uses PG_CATCH, since gcc warns about the variable in PG_FINALLY.
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

/// Restores the context of the outer query, which goes on after the one within it has ended.
void restore_outer() {
    if (innermost != nullptr && innermost->relies)
        emit::restore(*innermost);
}

template <typename Body> void run(Frame &frame, Body body) {
    run_within(frame, body);
    restore_outer();
}

/// The other arguments of the hook differ between versions of PostgreSQL.
template <typename... Rest> void on_run(QueryDesc *query, Rest... rest) {
    Frame frame = enter(query->sourceText, nullptr);
    const auto body = [&] { (next_run != nullptr ? next_run : standard_ExecutorRun)(query, rest...); };
    run_within(frame, body);
    unfinished = {frame.relies && query->plannedstmt->hasModifyingCTE ? query : nullptr, frame.is_fixed};
    if (unfinished.query == nullptr)
        restore_outer();
}

void on_finish(QueryDesc *query) {
    Frame frame = enter(query->sourceText, nullptr);
    if (unfinished.query == query) {
        frame.relies = true;
        frame.is_fixed = unfinished.is_fixed;
    }
    run(frame, [&] { (next_finish != nullptr ? next_finish : standard_ExecutorFinish)(query); });
    if (deferred::may_queue(query))
        deferred::record();
}

void on_utility(PlannedStmt *planned, const char *text, bool read_only_tree, ProcessUtilityContext context,
                ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
                QueryCompletion *completion) {
    // Ask before the command runs: one that ends the transaction may free its own parse tree.
    const bool may_defer = deferred::may_queue(planned->utilityStmt);
    Frame frame = enter(text, planned->utilityStmt);
    run(frame, [&] {
        (next_utility != nullptr ? next_utility : standard_ProcessUtility)(
            planned, text, read_only_tree, context, parameters, environment, receiver, completion);
    });
    if (may_defer)
        deferred::record();
}

void on_transaction_event(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        deferred::forget();
        // A procedure goes on after COMMIT, but no message of the former transaction is in force any more.
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

} // namespace bemi::context::execution
