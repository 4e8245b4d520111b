// A client sends a query string, of one statement or of several, in one protocol message. It is scanned once,
// forward, up to the statement that runs. The result lives as long as the message: PostgreSQL resets
// MessageContext before it reads the next one, and a reset callback forgets the result then.
#include "context/statement.hpp"

#include "context/query_string.hpp"

namespace bemi::context::statement {
namespace {

struct Message {
    bool exists;
    MemoryContextCallback ended;
    const char *text;
    bool backslash_quotes; // standard_conforming_strings was off when the server has read the string
    bool is_reading_known; // backslash_quotes is certain
    size_t running;        // PostgreSQL's location of the running statement

    bool is_open;       // `string` is set
    QueryString string; // the statements of the text
};

constinit Message message = {};
constinit uint64 changes_seen = 0;
constinit uint64 statements_seen = 1;
constinit Part current_part = Part::itself;
post_parse_analyze_hook_type next_hook = nullptr;

/// The values of standard_conforming_strings with which this session may have read query strings.
struct Readings {
    bool standard;
    bool backslashes;
};
constinit Readings readings = {};

void forget_message(void *) {
    message.exists = false;
    changes_seen++;
    statements_seen++;
}

/// The server parses the whole string before it executes any of it, so at the analysis of the first statement
/// standard_conforming_strings still has the value with which the string was parsed. Later it may have
/// changed, and so may it if the statement was prepared by another message.
void begin_message(bool is_first_analysis) {
    message = {};
    message.exists = true;
    message.text = debug_query_string;
    message.running = unknown_location;
    message.backslash_quotes = compat::backslash_quotes();
    if (is_first_analysis)
        (message.backslash_quotes ? readings.backslashes : readings.standard) = true;
    message.is_reading_known =
        is_first_analysis || !(message.backslash_quotes ? readings.standard : readings.backslashes);
    message.ended.func = forget_message;
    MemoryContextRegisterResetCallback(MessageContext, &message.ended);
}

/// Notes which statement of the string runs: in the simple protocol PostgreSQL analyzes each statement just
/// before it runs it. Later is too late, since a query that a rule has rewritten has no location. Statements
/// inside of functions have a text of their own.
void on_analyzed(ParseState *state, Query *query, compat::QueryJumble *jumble) {
    if (next_hook != nullptr)
        next_hook(state, query, jumble);
    if (debug_query_string == nullptr || state->p_sourcetext != debug_query_string ||
        MessageContext == nullptr)
        return;
    if (!message.exists)
        begin_message(true);
    statements_seen++;
    if (query->stmt_location >= 0)
        message.running = static_cast<size_t>(query->stmt_location);
}

/// The location of the running statement in the message that has loaded the library, whose first statements
/// were analyzed before. Unknown for a query that a rule has rewritten, and for one that runs at commit.
size_t location_in_portal() {
    Portal portal = GetPortalByName("");
    if (!PortalIsValid(portal) || portal->sourceText != message.text || portal->stmts == NIL)
        return unknown_location;
    const int location = linitial_node(PlannedStmt, portal->stmts)->stmt_location;
    return location < 0 ? unknown_location : static_cast<size_t>(location);
}

size_t running_location() {
    return message.running != unknown_location ? message.running : location_in_portal();
}

void open_string() {
    message.is_open = true;
    message.string.open(message.text, message.backslash_quotes, message.is_reading_known);
}

/// Without comments and the fact "sql" nothing of the text is needed, so most strings are never scanned.
bool needs_scan() {
    return message.string.may_have_comments || (guc::capture & guc::fact_sql) != 0;
}

/// Whether the part that runs belongs to the running statement. Deferred triggers and held cursors at an
/// implicit end of the transaction do not: the last statement of the string may not be the one that has
/// queued them.
bool belongs_to_statement() {
    switch (current_part) {
    case Part::itself:
    case Part::set_constraints:
        return true;
    case Part::end_of_transaction:
        return message.string.ends_transaction();
    case Part::held_cursor:
        return message.string.is_alone() || message.string.ends_transaction();
    }
    return false;
}

} // namespace

void watch_statements() {
    next_hook = post_parse_analyze_hook;
    post_parse_analyze_hook = on_analyzed;
    // A statement has loaded the library: how the session has read strings before is unknown.
    if (debug_query_string != nullptr)
        readings = {true, true};
}

void begin_part(Part part) {
    if (part != current_part)
        changes_seen++;
    current_part = part;
}

Part part() {
    return current_part;
}

uint64 number() {
    return statements_seen;
}

uint64 serial() {
    QueryString &string = message.string;
    if (!message.exists) {
        if (debug_query_string == nullptr || MessageContext == nullptr)
            return changes_seen;
        begin_message(false);
    }
    if (!message.is_open) {
        open_string();
        changes_seen++;
    }
    if (!needs_scan())
        return changes_seen;
    if (!string.is_scanned) {
        string.scan();
        string.read_up_to(string.is_alone() ? 0 : running_location());
        return ++changes_seen;
    }
    if (string.is_alone())
        return changes_seen;
    const size_t location = running_location();
    if (location == string.location)
        return changes_seen;
    string.read_up_to(location);
    return ++changes_seen;
}

Comments comments() {
    (void)serial();
    const QueryString &string = message.string;
    if (!message.exists || !string.may_have_comments || !belongs_to_statement())
        return {};
    Comments found = string.comments;
    if (!string.is_located())
        found.tags.own = found.json.own = {};
    return found;
}

std::string_view text_without_comments() {
    (void)serial();
    const QueryString &string = message.string;
    if (!message.exists || (!string.is_alone() && !(string.is_located() && belongs_to_statement())))
        return {};
    return string.text_without_comments();
}

} // namespace bemi::context::statement
