#include "context/comment.hpp"

#include "context/sql_token.hpp"

#include <type_traits>

namespace bemi::comment {

using namespace sql;

static_assert(std::is_trivially_destructible_v<Scanner>, "an ERROR may jump over it");

bool Scanner::next(Event &event) noexcept {
    while (at_ != end_) {
        switch (class_of(*at_)) {
        case Class::space:
            ++at_;
            continue;
        case Class::dash:
            if (!starts_line_comment(at_, end_))
                break;
            at_ = skip_line(at_, end_);
            continue;
        case Class::slash:
            if (!starts_block_comment(at_, end_))
                break;
            if (skip_comment(event))
                return true;
            continue;
        case Class::semicolon:
            ++at_;
            end_statement();
            continue;
        default:
            break;
        }
        if (!in_statement_) {
            in_statement_ = true;
            event = {Event::Kind::statement, static_cast<size_t>(at_ - begin_), 1, {}};
            return true;
        }
        skip_token();
    }
    return false;
}

void Scanner::end_statement() noexcept {
    // The actions of CREATE RULE stand in parentheses, the statements of a routine's body between BEGIN
    // ATOMIC and END.
    if (parentheses_ > 0)
        return;
    if (routine_ == Routine::body || routine_ == Routine::body_start) {
        routine_ = Routine::body_start;
        return;
    }
    in_statement_ = false;
    routine_ = Routine::unknown;
}

void Scanner::skip_token() noexcept {
    const Class first = class_of(*at_);
    if (first == Class::word) {
        skip_word();
        return;
    }
    follow({});
    switch (first) {
    case Class::digit:
        at_ = skip_number(at_, end_);
        break;
    case Class::quote:
        at_ = skip_string(at_ + 1, end_, backslash_quotes_);
        break;
    case Class::double_quote:
        at_ = skip_quoted(at_ + 1, end_, '"');
        break;
    case Class::dollar:
        at_ = skip_dollar(at_, end_);
        break;
    case Class::open:
        ++at_;
        ++parentheses_;
        break;
    case Class::close:
        ++at_;
        parentheses_ -= parentheses_ > 0;
        break;
    default:
        ++at_;
    }
}

void Scanner::skip_word() noexcept {
    const char *start = at_;
    at_ = sql::skip_word(at_, end_);
    if (at_ - start == 1 && at_ != end_ && *at_ == '\'') {
        // E'' knows backslashes whatever the setting, B'' and X'' never do. N'' and U&'' are as without the
        // prefix.
        const char prefix = lower(*start);
        if (prefix == 'e' || prefix == 'b' || prefix == 'x') {
            follow({});
            at_ = skip_string(at_ + 1, end_, prefix == 'e');
            return;
        }
    }
    follow({start, static_cast<size_t>(at_ - start)});
}

/// Takes note of the next token: a word, or anything else, which is passed as the empty one.
void Scanner::follow(std::string_view word) noexcept {
    if (routine_ == Routine::no || parentheses_ > 0)
        return;
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
        // No statement starts with END, so here, and only here, it ends the body.
        routine_ = is_keyword(word, "end") ? Routine::no : Routine::body;
        break;
    case Routine::body:
    case Routine::no:
        break;
    }
}

/// Skips a block comment. True if it is a context comment, which is then described in `event`.
bool Scanner::skip_comment(Event &event) noexcept {
    const char *start = at_;
    const char *stop = skip_block_comment(at_, end_);
    at_ = stop != nullptr ? stop : end_;
    if (stop == nullptr)
        return false;
    std::string_view json;
    if (!find_json({start + 2, static_cast<size_t>(stop - start - 4)}, json))
        return false;
    event = {Event::Kind::comment, static_cast<size_t>(start - begin_), static_cast<size_t>(stop - start),
             json};
    return true;
}

/// `text` is what stands between "/*" and "*/".
bool Scanner::find_json(std::string_view text, std::string_view &json) const noexcept {
    text = trim(text);
    if (affix_.empty() || !text.starts_with(affix_))
        return false;
    text.remove_prefix(affix_.size());
    if (!text.ends_with(affix_))
        return false;
    text.remove_suffix(affix_.size());
    // Together with the affixes being whole words, this makes sure that there is something between them.
    if (text.empty() || !(is_space(text.front()) || text.front() == '{') ||
        !(is_space(text.back()) || text.back() == '}'))
        return false;
    json = trim(text);
    return true;
}

} // namespace bemi::comment
