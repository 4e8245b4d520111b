// A client sends a query string, of one statement or of several, in one protocol message. It is scanned once,
// forward, as far as the statement that is running; what was found lives as long as the message: PostgreSQL
// resets MessageContext before it reads the next one, and a callback there tells us. No hook is needed, so
// this works from the very first statement of a backend, also where a trigger loads the library.
#include "statement.hpp"

#include "comment.hpp"
#include "json_object.hpp"
#include "sql_token.hpp"
#include "text.hpp"

namespace bemi::statement {
namespace {

constexpr size_t unknown_location = SIZE_MAX;

struct Message {
    MemoryContextCallback ended;
    std::string_view query;
    char affix[NAMEDATALEN]; // a copy: the setting may change while the message runs
    bool may_have_comments;
    bool is_scanned;
    comment::Scanner scanner; // this and what follows: only where scanned

    // The statement that ran when we last looked, with the comments that belong to it.
    size_t location;    // where PostgreSQL said that it is
    size_t before;      // first token of the statement before it
    size_t first_token; // of itself
    size_t begin;
    size_t end;
    std::string_view comment;

    size_t next_token; // first token of the statement after it, where has_next
    bool has_next;
};

constinit Message *message = nullptr; // NULL: this message was not looked at yet
constinit uint64 changes_seen = 0;

void forget_message(void *) {
    message = nullptr;
    changes_seen++;
}

/// Where in the query string the running top-level statement starts: PlannedStmt.stmt_location of its portal.
/// Inside a function the active portal may be one of the function's own cursors; the simple protocol runs
/// each statement in the portal without a name. Unknown in the extended protocol, whose query strings hold
/// one statement, and when deferred triggers run at commit, after the portal of that statement has gone.
size_t running_location(std::string_view query) {
    Portal portal = ActivePortal;
    if (portal == nullptr || portal->sourceText != query.data()) {
        portal = GetPortalByName("");
        if (!PortalIsValid(portal) || portal->status != PORTAL_ACTIVE || portal->sourceText != query.data())
            return unknown_location;
    }
    if (portal->stmts == NIL)
        return unknown_location;
    const int location = linitial_node(PlannedStmt, portal->stmts)->stmt_location;
    return location < 0 ? unknown_location : static_cast<size_t>(location);
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

comment::Scanner scanner_over(const Message &m, std::string_view text) {
    return comment::Scanner(text, m.affix, !standard_conforming_strings);
}

/// Reads on to the next statement, with the comments up to the first token of the one after it; the first
/// statement has those before itself too. A query string without any statement counts as one.
void read_statement(Message &m) {
    comment::Event event;
    const bool first = !m.has_next;
    bool found = m.has_next;

    m.before = m.first_token;
    m.first_token = m.next_token;
    m.begin = first ? 0 : m.next_token;
    m.end = m.query.size();
    m.comment = {};
    m.has_next = false;
    while (!m.has_next && m.scanner.next(event)) {
        if (event.kind == comment::Event::Kind::comment) {
            if (accept_comment(event.json))
                m.comment = event.json;
        } else if (!found) {
            found = true;
            m.first_token = event.offset;
        } else {
            m.has_next = true;
            m.next_token = m.end = event.offset;
        }
    }
}

void rewind(Message &m) {
    m.scanner = scanner_over(m, m.query);
    m.before = m.first_token = m.next_token = 0;
    m.has_next = false;
    read_statement(m);
}

bool is_commit(const Message &m) {
    const char *start = m.query.data() + m.first_token;
    const char *stop = sql::skip_word(start, m.query.data() + m.query.size());
    const std::string_view word(start, static_cast<size_t>(stop - start));
    return sql::is_keyword(word, "commit") || sql::is_keyword(word, "end");
}

/// PostgreSQL places a statement between the semicolon before it and its first token, so the one that runs is
/// that whose first token is the next from there. Where it is not known, it is the next that commits, or else
/// the last.
void read_up_to(Message &m, size_t location) {
    if (m.begin > 0 && location <= m.before)
        rewind(m);
    while (m.has_next && location > m.first_token && !(location == unknown_location && is_commit(m)))
        read_statement(m);
    m.location = location;
}

Message *look_at_message() {
    auto *m = static_cast<Message *>(MemoryContextAllocZero(MessageContext, sizeof(Message)));
    m->query = debug_query_string;
    strlcpy(m->affix, guc::comment_affix, sizeof(m->affix));
    m->may_have_comments = comment::possible(m->query, m->affix);
    m->ended.func = forget_message;
    MemoryContextRegisterResetCallback(MessageContext, &m->ended);
    return m;
}

/// Where its statements begin and end matters only for what is taken from them, mostly nothing.
bool needs_scan(const Message &m) {
    return m.may_have_comments || (guc::capture & guc::fact_sql) != 0;
}

/// One statement in the message: the usual case, in which there is nothing to look up row by row.
bool is_alone(const Message &m) {
    return !m.has_next && m.begin == 0;
}

} // namespace

uint64 serial() {
    if (message == nullptr) {
        if (debug_query_string == nullptr || MessageContext == nullptr)
            return changes_seen;
        message = look_at_message();
        changes_seen++;
    }
    if (!needs_scan(*message))
        return changes_seen;
    if (!message->is_scanned) {
        message->is_scanned = true;
        rewind(*message);
        read_up_to(*message, is_alone(*message) ? 0 : running_location(message->query));
        return ++changes_seen;
    }
    if (is_alone(*message))
        return changes_seen;
    const size_t location = running_location(message->query);
    if (location == message->location)
        return changes_seen;
    read_up_to(*message, location);
    return ++changes_seen;
}

std::string_view comment() {
    return message == nullptr ? std::string_view() : message->comment;
}

std::string_view text_without_comments() {
    if (message == nullptr)
        return {};

    const std::string_view source = message->query.substr(message->begin, message->end - message->begin);
    comment::Scanner scanner = scanner_over(*message, source);
    comment::Event event;
    size_t copied = 0;
    StringInfoData text;

    initStringInfo(&text);
    while (scanner.next(event))
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
