// A client sends a query string, of one statement or of several, in one protocol message. It is scanned once,
// forward, as far as the statement that is running; what was found lives as long as the message: PostgreSQL
// resets MessageContext before it reads the next one, and a callback there tells us.
#include "context/statement.hpp"

#include "base/text.hpp"
#include "context/comment.hpp"
#include "context/sql_token.hpp"
#include "json/object.hpp"

#include <algorithm>

namespace bemi::statement {
namespace {

constexpr size_t unknown_location = SIZE_MAX;

struct Message {
    bool exists;
    MemoryContextCallback ended;
    const char *text;
    bool backslash_quotes; // standard_conforming_strings was off when the server read the string
    bool is_reading_known; // that is certain
    size_t running;        // where PostgreSQL said that the statement is that it runs

    bool is_looked_at; // what follows: only then
    std::string_view query;
    char affix[NAMEDATALEN]; // a copy: the setting may change while the message runs
    bool may_have_comments;

    bool is_scanned; // what follows: only then
    comment::Scanner scanner{{}, {}, false};
    std::string_view whole; // the comment before the first statement
    size_t location;        // where the statement that ran when we last looked is said to be
    size_t first_token;     // of that statement
    size_t begin;
    size_t end;
    std::string_view comment;
    size_t next_token; // first token of the statement after it, where has_next
    bool has_next;
};

constinit Message message = {};
constinit uint64 changes_seen = 0;
constinit Part current_part = Part::itself;
post_parse_analyze_hook_type next_hook = nullptr;

/// Under which values of standard_conforming_strings this session may have read strings.
struct Readings {
    bool standard;
    bool backslashes;
};
constinit Readings readings = {};

void forget_message(void *) {
    message.exists = false;
    changes_seen++;
}

/// The server reads a whole string before it does anything of it, so at the analysis of its first statement
/// the setting is still that under which it was read. Later, and when a statement is executed that was
/// prepared by another message, it may have changed.
void begin_message(bool is_first_analysis) {
    message = {};
    message.exists = true;
    message.text = debug_query_string;
    message.running = unknown_location;
    message.backslash_quotes = !standard_conforming_strings;
    if (is_first_analysis)
        (message.backslash_quotes ? readings.backslashes : readings.standard) = true;
    message.is_reading_known =
        is_first_analysis || !(message.backslash_quotes ? readings.standard : readings.backslashes);
    message.ended.func = forget_message;
    MemoryContextRegisterResetCallback(MessageContext, &message.ended);
}

/// In the simple protocol PostgreSQL analyzes each statement just before it runs it. What a rule makes of one
/// has no location any more, so this is where to see which statement of the string it is. Statements inside
/// of functions have a text of their own.
void on_analyzed(ParseState *state, Query *query, JumbleState *jumble) {
    if (next_hook != nullptr)
        next_hook(state, query, jumble);
    if (debug_query_string == nullptr || state->p_sourcetext != debug_query_string ||
        MessageContext == nullptr)
        return;
    if (!message.exists)
        begin_message(true);
    if (query->stmt_location >= 0)
        message.running = static_cast<size_t>(query->stmt_location);
}

/// Where the running statement is in the message in which the library was loaded, whose first statements were
/// analyzed before. What a rule made of one has no location, and neither has what runs at commit.
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

/// A bad comment must not fail the user's write: it is as if it were not there.
bool accept_comment(std::string_view json) {
    json_object::Fault fault;
    if (json.size() > static_cast<size_t>(guc::max_context_size)) {
        ereport(DEBUG1, (errmsg("ignored a context comment of %zu bytes", json.size()),
                         errdetail("bemi.max_context_size allows %d.", guc::max_context_size)));
        return false;
    }
    if (!json_object::validate(json, database_is_utf8(), &fault)) {
        ereport(DEBUG1, (errmsg("ignored an invalid context comment"),
                         errdetail("At byte %zu: %s.", fault.offset + 1, fault.reason)));
        return false;
    }
    return true;
}

comment::Scanner scanner_over(std::string_view text) {
    return comment::Scanner(text, message.affix, message.backslash_quotes);
}

/// Whether the string has the same statements and comments under either reading. Only backslashes differ.
bool reads_alike() {
    if (message.query.find('\\') == std::string_view::npos)
        return true;
    comment::Scanner one(message.query, message.affix, false), other(message.query, message.affix, true);
    comment::Event event = {}, other_event = {};
    bool more = true;
    while (more) {
        more = one.next(event);
        if (more != other.next(other_event) ||
            (more && (event.kind != other_event.kind || event.offset != other_event.offset)))
            return false;
    }
    return true;
}

void look_at_message() {
    message.is_looked_at = true;
    message.query = message.text;
    message.end = message.query.size();
    strlcpy(message.affix, guc::comment_affix, sizeof(message.affix));
    message.may_have_comments =
        comment::possible(message.query, message.affix) && (message.is_reading_known || reads_alike());
}

/// Reads on to the next statement, with the comments up to the first token of the one after it. A query
/// string without any statement counts as one.
void read_statement() {
    Message &m = message;
    comment::Event event;
    const bool first = !m.has_next;
    bool found = m.has_next;

    m.first_token = m.next_token;
    m.begin = first ? 0 : m.next_token;
    m.end = m.query.size();
    m.comment = {};
    m.has_next = false;
    while (!m.has_next && m.scanner.next(event)) {
        if (event.kind == comment::Event::Kind::comment) {
            if (accept_comment(event.json))
                (found ? m.comment : m.whole) = event.json;
        } else if (!found) {
            found = true;
            m.first_token = event.offset;
        } else {
            m.has_next = true;
            m.next_token = m.end = event.offset;
        }
    }
}

void scan() {
    message.is_scanned = true;
    message.scanner = scanner_over(message.query);
    read_statement();
}

/// PostgreSQL places a statement between the semicolon before it and its first token, so the one that runs is
/// that whose first token is the next from there.
void read_up_to(size_t location) {
    while (location != unknown_location && message.has_next && location > message.first_token)
        read_statement();
    message.location = location;
}

/// Where its statements begin and end matters only for what is taken from them, mostly nothing.
bool needs_scan() {
    return message.may_have_comments || (guc::capture & guc::fact_sql) != 0;
}

/// One statement in the message: the usual case, in which there is nothing to look up row by row.
bool is_alone() {
    return !message.has_next && message.begin == 0;
}

bool is_located() {
    return is_alone() || message.location != unknown_location;
}

std::string_view next_word(std::string_view &text) {
    const size_t start = std::min(text.find_first_not_of(" \t\n\r\f\v"), text.size());
    const char *word = text.data() + start, *end = text.data() + text.size();
    const char *stop = sql::skip_word(word, end);
    text.remove_prefix(static_cast<size_t>(stop - text.data()));
    return {word, static_cast<size_t>(stop - word)};
}

/// Whether the running statement is one that ends its transaction, rather than the last before the end.
bool ends_transaction() {
    std::string_view text = message.query.substr(message.first_token);
    const std::string_view word = next_word(text);
    return sql::is_keyword(word, "commit") || sql::is_keyword(word, "end") ||
           (sql::is_keyword(word, "prepare") && sql::is_keyword(next_word(text), "transaction"));
}

/// Whether what is done now is done by the running statement. The last one before an implicit end has no part
/// in what others have queued.
bool is_statements() {
    switch (current_part) {
    case Part::itself:
    case Part::set_constraints:
        return true;
    case Part::end_of_transaction:
        return ends_transaction();
    case Part::held_cursor:
        return is_alone() || ends_transaction();
    }
    return false;
}

} // namespace

void watch_statements() {
    next_hook = post_parse_analyze_hook;
    post_parse_analyze_hook = on_analyzed;
    // Loaded by a statement: what the session has read before nobody knows.
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

uint64 serial() {
    if (!message.exists) {
        if (debug_query_string == nullptr || MessageContext == nullptr)
            return changes_seen;
        begin_message(false);
    }
    if (!message.is_looked_at) {
        look_at_message();
        changes_seen++;
    }
    if (!needs_scan())
        return changes_seen;
    if (!message.is_scanned) {
        scan();
        read_up_to(is_alone() ? 0 : running_location());
        return ++changes_seen;
    }
    if (is_alone())
        return changes_seen;
    const size_t location = running_location();
    if (location == message.location)
        return changes_seen;
    read_up_to(location);
    return ++changes_seen;
}

Comments comments() {
    (void)serial();
    if (!message.exists || !message.may_have_comments || !is_statements())
        return {};
    return {message.whole, is_located() ? message.comment : std::string_view()};
}

std::string_view text_without_comments() {
    (void)serial();
    if (!message.exists || (!is_alone() && !(is_located() && is_statements())))
        return {};

    const std::string_view source = message.query.substr(message.begin, message.end - message.begin);
    comment::Scanner scanner = scanner_over(source);
    comment::Event event;
    size_t copied = 0;
    StringInfoData text;

    initStringInfo(&text);
    while (message.may_have_comments && scanner.next(event))
        if (event.kind == comment::Event::Kind::comment) {
            appendBinaryStringInfo(&text, source.data() + copied, static_cast<int>(event.offset - copied));
            copied = event.offset + event.length;
        }
    appendBinaryStringInfo(&text, source.data() + copied, static_cast<int>(source.size() - copied));

    const std::string_view result(text.data, static_cast<size_t>(text.len));
    const size_t first = result.find_first_not_of(" \t\n\r\f\v");
    const size_t last = result.find_last_not_of("; \t\n\r\f\v");
    return last == std::string_view::npos ? std::string_view() : result.substr(first, last + 1 - first);
}

} // namespace bemi::statement
