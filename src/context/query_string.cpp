#include "context/query_string.hpp"

#include "base/text.hpp"
#include "context/accept.hpp"
#include "context/sql_token.hpp"
#include "guc.hpp"

#include <algorithm>

namespace bemi::context::statement {
namespace {

constexpr char white_space[] = " \t\n\r\f\v";

/// Whether the string has the same statements and comments with either setting of
/// standard_conforming_strings.
bool reads_alike(std::string_view query, std::string_view affix, KeyList tags) {
    if (query.find('\\') == std::string_view::npos) // the setting only changes what backslashes mean
        return true;
    comment::Scanner standard(query, affix, false, tags), escaping(query, affix, true, tags);
    comment::Event event = {}, other = {};
    bool more = true;
    while (more) {
        more = standard.next(event);
        if (more != escaping.next(other) ||
            (more && (event.kind != other.kind || event.offset != other.offset)))
            return false;
    }
    return true;
}

/// Takes the next word off the start of the text, after white space.
std::string_view take_word(std::string_view &text) {
    const size_t start = std::min(text.find_first_not_of(white_space), text.size());
    const char *word = text.data() + start, *end = text.data() + text.size();
    const char *stop = sql::skip_word(word, end);
    text.remove_prefix(static_cast<size_t>(stop - text.data()));
    return {word, static_cast<size_t>(stop - word)};
}

/// A copy of the list that lasts as long as the message.
KeyList copy(KeyList list) {
    const std::string_view bytes = list.bytes();
    if (bytes.empty())
        return {};
    char *copied = static_cast<char *>(MemoryContextAllocZero(MessageContext, bytes.size() + 1));
    memcpy(copied, bytes.data(), bytes.size());
    return KeyList(copied);
}

void append(StringInfo out, std::string_view text) {
    appendBinaryStringInfo(out, text.data(), static_cast<int>(text.size()));
}

} // namespace

void QueryString::open(const char *text, bool with_backslashes, bool is_reading_known) {
    query = text;
    end = query.size();
    backslash_quotes = with_backslashes;
    strlcpy(affix, guc::comment_affix, sizeof(affix));
    tags = copy(guc::sqlcommenter);
    may_have_comments = comment::may_have_comments(query, affix, tags) &&
                        (is_reading_known || reads_alike(query, affix, tags));
}

void QueryString::scan() {
    is_scanned = true;
    scanner = comment::Scanner(query, affix, backslash_quotes, tags);
    read_statement();
}

/// Reads the next statement, and the comments up to the first token of the one after it. A string without a
/// statement counts as one statement.
void QueryString::read_statement() {
    comment::Event event;
    const bool is_first = !has_next;
    bool found = has_next;

    first_token = next_token;
    begin = is_first ? 0 : next_token;
    end = query.size();
    comments.json.own = comments.tags.own = {};
    has_next = false;
    while (!has_next && scanner.next(event)) {
        if (event.kind != comment::Event::Kind::statement) {
            take_comment(event, found ? &Layers::own : &Layers::whole);
        } else if (!found) {
            found = true;
            first_token = event.offset;
        } else {
            has_next = true;
            next_token = end = event.offset;
        }
    }
}

/// Takes what the comment says, if it is valid: of several such comments the last one counts.
void QueryString::take_comment(const comment::Event &event, std::string_view Layers::*layer) {
    if (event.kind == comment::Event::Kind::comment) {
        if (accept::json(event.text))
            comments.json.*layer = event.text;
        return;
    }
    MemoryContext caller = MemoryContextSwitchTo(MessageContext);
    const accept::Tags found = accept::tags(event.text, tags);
    MemoryContextSwitchTo(caller);
    if (!found.tags.empty())
        comments.tags.*layer = found.tags;
    if (!found.json.empty())
        comments.json.*layer = found.json;
}

/// PostgreSQL's location of a statement is between the semicolon before it and its first token, so the
/// statement is the first one whose first token is not before the location.
void QueryString::read_up_to(size_t running) {
    while (running != unknown_location && has_next && running > first_token)
        read_statement();
    location = running;
}

bool QueryString::ends_transaction() const {
    std::string_view text = query.substr(first_token);
    const std::string_view word = take_word(text);
    return sql::is_keyword(word, "commit") || sql::is_keyword(word, "end") ||
           (sql::is_keyword(word, "prepare") && sql::is_keyword(take_word(text), "transaction"));
}

std::string_view QueryString::text_without_comments() const {
    const std::string_view source = query.substr(begin, end - begin);
    comment::Scanner events(source, affix, backslash_quotes, tags);
    comment::Event event;
    size_t copied = 0;
    StringInfoData text;

    initStringInfo(&text);
    while (may_have_comments && events.next(event))
        if (event.kind != comment::Event::Kind::statement) {
            append(&text, source.substr(copied, event.offset - copied));
            copied = event.offset + event.length;
        }
    append(&text, source.substr(copied));

    const std::string_view result = view_of(text);
    const size_t first = result.find_first_not_of(white_space);
    const size_t last = result.find_last_not_of("; \t\n\r\f\v");
    return last == std::string_view::npos ? std::string_view() : result.substr(first, last + 1 - first);
}

} // namespace bemi::context::statement
