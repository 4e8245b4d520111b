// Compares the scanner with a second one that shares no code with it: a state machine that looks at each
// byte, and keeps the tokens in a vector instead of following them.
#include "context/comment.hpp"
#include "require.hpp"

#include <cctype>
#include <string>
#include <vector>

using bemi::context::comment::Event;
using bemi::context::comment::Scanner;

namespace {

struct Token {
    enum Kind { word, symbol, other, comment } kind;
    size_t start;
    size_t stop;
    std::string lower; // of a word or symbol
};

class Model {
public:
    Model(std::string text, std::string affix, bool backslash_quotes)
        : text_(std::move(text)), affix_(std::move(affix)), backslash_quotes_(backslash_quotes) {}

    std::vector<Event> run() {
        while (at_ < text_.size())
            token();
        return judge();
    }

private:
    char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    bool looking_at(std::string_view what) const { return text_.compare(at_, what.size(), what) == 0; }
    static bool space(char c) {
        return c != '\0' && std::string_view(" \t\n\r\f\v").find(c) != std::string_view::npos;
    }
    static bool tag_start(char c) { return isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }
    static bool digit(char c) { return c >= '0' && c <= '9'; }

    void emit(Token::Kind kind, size_t start) {
        std::string lower = text_.substr(start, at_ - start);
        for (char &c : lower)
            c = (c & 0x80) ? c : static_cast<char>(tolower(c));
        tokens_.push_back({kind, start, at_, lower});
    }

    void token() {
        const size_t start = at_;
        if (space(peek())) {
            ++at_;
        } else if (looking_at("--")) {
            while (at_ < text_.size() && peek() != '\n' && peek() != '\r')
                ++at_;
        } else if (looking_at("/*")) {
            if (block_comment())
                emit(Token::comment, start);
        } else if (peek() == '\'') {
            ++at_;
            string(backslash_quotes_);
            emit(Token::other, start);
        } else if (strchr_nonzero("eEbBxX", peek()) && peek(1) == '\'') {
            const bool escapes = peek() == 'e' || peek() == 'E';
            at_ += 2;
            string(escapes);
            emit(Token::other, start);
        } else if (peek() == '"') {
            ++at_;
            quoted('"', false);
            emit(Token::other, start);
        } else if (tag_start(peek())) {
            while (at_ < text_.size() && (tag_start(peek()) || digit(peek()) || peek() == '$'))
                ++at_;
            emit(Token::word, start);
        } else if (digit(peek())) {
            number();
            emit(Token::other, start);
        } else if (peek() == '$') {
            dollar();
            emit(Token::other, start);
        } else {
            ++at_;
            emit(Token::symbol, start);
        }
    }

    static bool strchr_nonzero(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

    bool block_comment() {
        int depth = 0;
        while (at_ < text_.size()) {
            if (looking_at("/*")) {
                ++depth;
                at_ += 2;
            } else if (looking_at("*/")) {
                at_ += 2;
                if (--depth == 0)
                    return true;
            } else {
                ++at_;
            }
        }
        return false;
    }

    void quoted(char quote, bool escapes) {
        while (at_ < text_.size()) {
            if (escapes && peek() == '\\')
                at_ = std::min(at_ + 2, text_.size());
            else if (peek() == quote && peek(1) == quote && at_ + 1 < text_.size())
                at_ += 2;
            else if (text_[at_++] == quote)
                return;
        }
    }

    void string(bool escapes) {
        for (;;) {
            quoted('\'', escapes);
            const size_t here = at_;
            bool line_break = false;
            while (at_ < text_.size()) {
                if (looking_at("--")) {
                    while (at_ < text_.size() && peek() != '\n' && peek() != '\r')
                        ++at_;
                } else if (space(peek())) {
                    line_break = line_break || peek() == '\n' || peek() == '\r';
                    ++at_;
                } else {
                    break;
                }
            }
            if (!line_break || peek() != '\'') {
                at_ = here;
                return;
            }
            ++at_;
        }
    }

    void digits() {
        while (digit(peek()))
            ++at_;
    }

    void number() {
        digits();
        if (peek() == '.') {
            ++at_;
            digits();
        }
        if (peek() != 'e' && peek() != 'E')
            return;
        const bool sign = peek(1) == '+' || peek(1) == '-';
        if (digit(peek(sign ? 2 : 1))) {
            at_ += sign ? 2 : 1;
            digits();
        }
    }

    void dollar() {
        std::string tag = "$";
        ++at_;
        if (digit(peek())) {
            digits();
            return;
        }
        while (tag_start(peek(tag.size() - 1)) || (tag.size() > 1 && digit(peek(tag.size() - 1))))
            tag += peek(tag.size() - 1);
        if (peek(tag.size() - 1) != '$')
            return;
        tag += '$';
        at_ += tag.size() - 1;
        while (at_ < text_.size() && !looking_at(tag))
            ++at_;
        at_ = std::min(at_ + tag.size(), text_.size());
    }

    /// Splits the tokens into statements, from the second one on looking back over those of the same
    /// statement.
    std::vector<Event> judge() {
        std::vector<Event> events;
        std::vector<const Token *> statement;
        size_t depth = 0;
        for (const Token &token : tokens_) {
            if (token.kind == Token::comment) {
                Event event{Event::Kind::comment, token.start, token.stop - token.start, {}};
                if (context(token, event.text))
                    events.push_back(event);
                continue;
            }
            const bool semicolon = token.kind == Token::symbol && token.lower == ";";
            if (semicolon && depth == 0 && !in_body(statement)) {
                statement.clear();
                continue;
            }
            if (statement.empty() && !semicolon)
                events.push_back({Event::Kind::statement, token.start, 1, {}});
            if (!statement.empty() || !semicolon)
                statement.push_back(&token);
            if (token.kind == Token::symbol && token.lower == "(")
                ++depth;
            if (token.kind == Token::symbol && token.lower == ")" && depth > 0)
                --depth;
        }
        return events;
    }

    static bool in_body(const std::vector<const Token *> &statement) {
        std::string top; // the top-level tokens, words as they are, the rest as punctuation
        size_t depth = 0;
        for (const Token *token : statement) {
            const bool open = token->kind == Token::symbol && token->lower == "(";
            const bool close = token->kind == Token::symbol && token->lower == ")";
            if (depth == 0)
                top += token->kind == Token::word ? token->lower + " " : token->lower == ";" ? "; " : "+ ";
            depth += open;
            depth -= close && depth > 0;
        }
        for (const char *head : {"create function ", "create procedure ", "create or replace function ",
                                 "create or replace procedure "}) {
            if (top.rfind(head, 0) != 0)
                continue;
            const size_t begin = (" " + top).find(" begin atomic ", std::string_view(head).size());
            if (begin == std::string::npos)
                return false;
            const std::string body = "; " + top.substr(begin + std::string_view("begin atomic ").size());
            return body.find("; end ") == std::string::npos;
        }
        return false;
    }

    bool context(const Token &token, std::string_view &json) const {
        size_t start = token.start + 2;
        size_t stop = token.stop - 2;
        const auto trim = [&] {
            while (start < stop && space(text_[start]))
                ++start;
            while (start < stop && space(text_[stop - 1]))
                --stop;
        };
        trim();
        if (affix_.empty() || stop - start < 2 * affix_.size() + 1 ||
            text_.compare(start, affix_.size(), affix_) != 0 ||
            text_.compare(stop - affix_.size(), affix_.size(), affix_) != 0)
            return false;
        start += affix_.size();
        stop -= affix_.size();
        if ((!space(text_[start]) && text_[start] != '{') ||
            (!space(text_[stop - 1]) && text_[stop - 1] != '}'))
            return false;
        trim();
        json = std::string_view(text_).substr(start, stop - start);
        return true;
    }

    std::string text_;
    std::string affix_;
    bool backslash_quotes_;
    size_t at_ = 0;
    std::vector<Token> tokens_;
};

/// Makes what matters likely: each of these bytes stands for a piece of SQL.
std::string expand(const uint8_t *data, size_t size) {
    static const char *const pieces[] = {"/*Bemi {\"a\":1} Bemi*/",
                                         "/*Bemi",
                                         "Bemi*/",
                                         "BEGIN ATOMIC ",
                                         "END",
                                         "CREATE ",
                                         "FUNCTION ",
                                         "OR REPLACE ",
                                         "PROCEDURE ",
                                         "$a$",
                                         "E'",
                                         "--",
                                         "/*",
                                         "*/",
                                         "SELECT ",
                                         "'\n'"};
    std::string text;
    for (size_t i = 0; i < size; ++i) {
        if (data[i] >= 0xf0)
            text += pieces[data[i] - 0xf0];
        else if (data[i] != 0)
            text += static_cast<char>(data[i]);
    }
    return text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    const bool backslash_quotes = data[0] & 1;
    const std::string affix = data[0] & 2 ? "a" : data[0] & 4 ? "" : "Bemi";
    const std::string text = data[0] & 8 ? expand(data + 1, size - 1) : std::string(data + 1, data + size);
    const std::string query(text.data(),
                            text.find('\0') == std::string::npos ? text.size() : text.find('\0'));

    Model model(query, affix, backslash_quotes);
    const std::vector<Event> expected = model.run();
    Scanner scanner(query, affix, backslash_quotes);
    size_t position = 0;
    size_t count = 0;
    for (Event event; scanner.next(event); ++count) {
        require(count < expected.size(), "no event more than in the model");
        require(event.kind == expected[count].kind && event.offset == expected[count].offset &&
                    event.length == expected[count].length && event.text == expected[count].text,
                "each event is as in the model");
        require(event.offset >= position && event.length > 0 && event.offset + event.length <= query.size(),
                "events are in order and inside of the query");
        position = event.offset + (event.kind == Event::Kind::comment ? event.length : 0);
        if (event.kind == Event::Kind::statement)
            continue;
        require(bemi::context::comment::may_have_comments(query, affix),
                "a comment that is found was possible");
        require(event.text.data() > query.data() + event.offset &&
                    event.text.data() + event.text.size() < query.data() + event.offset + event.length,
                "the JSON is inside of its comment");
    }
    require(count == expected.size(), "no event less than in the model");
    return 0;
}
