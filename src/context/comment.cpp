#include "context/comment.hpp"

#include "context/sql_token.hpp"
#include "context/tags.hpp"

#include <type_traits>

namespace bemi::context::comment {

using namespace sql;

static_assert(std::is_trivially_destructible_v<Scanner>, "an ERROR skips destructors");

bool Scanner::next(Event &event) noexcept {
    // A local stays in a register, while a member would be stored and loaded again for every token.
    const char *at = at_;
    while (at != end_) {
        switch (class_of(*at)) {
        case Class::space:
            ++at;
            continue;
        case Class::dash:
            if (!starts_line_comment(at, end_))
                break;
            at = skip_line(at, end_);
            continue;
        case Class::slash: {
            if (!starts_block_comment(at, end_))
                break;
            const char *start = at;
            at = skip_block_comment(start, end_);
            if (at == nullptr) {
                at_ = end_;
                return false;
            }
            if (!describe_comment(start, at, event))
                continue;
            at_ = at;
            return true;
        }
        case Class::semicolon:
            ++at;
            end_statement();
            continue;
        default:
            break;
        }
        if (!in_statement_) {
            in_statement_ = true;
            at_ = at;
            event = {Event::Kind::statement, static_cast<size_t>(at - begin_), 1, {}};
            return true;
        }
        at = skip_token(at);
    }
    at_ = end_;
    return false;
}

void Scanner::end_statement() noexcept {
    // A semicolon does not end the statement between the actions of CREATE RULE, which stand in parentheses,
    // nor in the body of a routine, between BEGIN ATOMIC and END.
    if (parentheses_ > 0)
        return;
    if (routine_ == Routine::body || routine_ == Routine::body_start) {
        routine_ = Routine::body_start;
        return;
    }
    in_statement_ = false;
    routine_ = Routine::unknown;
}

/// Passes the next token to follow_routine(): a word, or the empty string for any other token.
inline void Scanner::follow(std::string_view word) noexcept {
    if (routine_ != Routine::no && parentheses_ == 0)
        follow_routine(word);
}

void Scanner::follow_routine(std::string_view word) noexcept {
    const auto is_routine = [word] { return is_keyword(word, "function") || is_keyword(word, "procedure"); };
    switch (routine_) {
    case Routine::unknown:
        routine_ = is_keyword(word, "create") ? Routine::create : Routine::no;
        break;
    case Routine::create:
        routine_ = is_routine() ? Routine::header : is_keyword(word, "or") ? Routine::create_or : Routine::no;
        break;
    case Routine::create_or:
        routine_ = is_keyword(word, "replace") ? Routine::create_or_replace : Routine::no;
        break;
    case Routine::create_or_replace:
        routine_ = is_routine() ? Routine::header : Routine::no;
        break;
    case Routine::begin:
        if (is_keyword(word, "atomic")) {
            routine_ = Routine::body_start;
            break;
        }
        [[fallthrough]];
    case Routine::header:
        routine_ = is_keyword(word, "begin") ? Routine::begin : Routine::header;
        break;
    case Routine::body_start:
        // Inside a statement END may belong to CASE, but no statement of a body starts with it.
        routine_ = is_keyword(word, "end") ? Routine::no : Routine::body;
        break;
    case Routine::body:
    case Routine::no:
        break;
    }
}

const char *Scanner::skip_token(const char *at) noexcept {
    const Class first = class_of(*at);
    if (first == Class::word)
        return skip_word(at);
    follow({});
    switch (first) {
    case Class::digit:
        return skip_number(at, end_);
    case Class::quote:
        return skip_string(at + 1, end_, backslash_quotes_);
    case Class::double_quote:
        return skip_quoted(at + 1, end_, '"');
    case Class::dollar:
        return skip_dollar(at, end_);
    case Class::open:
        ++parentheses_;
        return at + 1;
    case Class::close:
        parentheses_ -= parentheses_ > 0;
        return at + 1;
    default:
        return at + 1;
    }
}

const char *Scanner::skip_word(const char *at) noexcept {
    const char *stop = sql::skip_word(at, end_);
    if (stop - at == 1 && stop != end_ && *stop == '\'') {
        // Backslashes always escape in E'', and never in B'' and X''. For N'' and U&'' the setting decides,
        // as for a literal without a prefix.
        const char prefix = lower(*at);
        if (prefix == 'e' || prefix == 'b' || prefix == 'x') {
            follow({});
            return skip_string(stop + 1, end_, prefix == 'e');
        }
    }
    follow({at, static_cast<size_t>(stop - at)});
    return stop;
}

/// Whether the block comment from `start` to `stop` is to be reported; if so, `event` describes it.
bool Scanner::describe_comment(const char *start, const char *stop, Event &event) const noexcept {
    std::string_view text(start + 2, static_cast<size_t>(stop - start - 4));
    Event::Kind kind = Event::Kind::comment;
    if (!find_json(text, text)) {
        kind = Event::Kind::tags;
        if (tags_.is_empty() || !tags::has_listed(text, tags_))
            return false;
    }
    event = {kind, static_cast<size_t>(start - begin_), static_cast<size_t>(stop - start), text};
    return true;
}

/// Whether `text`, which stands between "/*" and "*/", has the affixes around it; `json` is the rest.
bool Scanner::find_json(std::string_view text, std::string_view &json) const noexcept {
    text = trim(text);
    if (affix_.empty() || !text.starts_with(affix_))
        return false;
    text.remove_prefix(affix_.size());
    if (!text.ends_with(affix_))
        return false;
    text.remove_suffix(affix_.size());
    // The affixes are whole words, so something must stand between them.
    if (text.empty() || !(is_space(text.front()) || text.front() == '{') ||
        !(is_space(text.back()) || text.back() == '}'))
        return false;
    json = trim(text);
    return true;
}

} // namespace bemi::context::comment
