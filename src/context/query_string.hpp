// The query string that the client has sent in one protocol message: its statements, one after the other, and
// the context comments on them.
#pragma once

#include "base/compat.hpp"
#include "context/comment.hpp"
#include "context/statement.hpp"

namespace bemi::context::statement {

inline constexpr size_t unknown_location = SIZE_MAX;

struct QueryString {
    std::string_view query;
    char affix[NAMEDATALEN]; ///< a copy, since the setting may change while the message is processed
    KeyList tags;            ///< the keys of tags that count, a copy as well
    bool backslash_quotes;   ///< the server has read the string with standard_conforming_strings off
    bool may_have_comments;

    // The members below are valid once the string is scanned.
    bool is_scanned;
    comment::Scanner scanner{{}, {}, false};
    Comments comments;  ///< on the current statement, and before the first one
    size_t location;    ///< the location that PostgreSQL gave for the current statement
    size_t first_token; ///< of the current statement
    size_t begin;       ///< of the current statement
    size_t end;         ///< of the current statement
    size_t next_token;  ///< the first token of the statement after it, if has_next
    bool has_next;

    /// Begins a string, without a scan. If it is not known how the server has read it, comments count only if
    /// the string has the same ones with either setting of standard_conforming_strings.
    void open(const char *text, bool with_backslashes, bool is_reading_known);

    /// Scans the string up to the end of its first statement, which becomes the current one.
    void scan();

    /// Makes the statement at this location the current one, if it is not before it.
    void read_up_to(size_t location);

    /// Whether the string has only one statement, as most have: it needs no look-up for each row.
    [[nodiscard]] bool is_alone() const { return !has_next && begin == 0; }

    /// Whether the current statement is known to be the running one.
    [[nodiscard]] bool is_located() const { return is_alone() || location != unknown_location; }

    /// Whether the current statement ends its transaction itself, as COMMIT does.
    [[nodiscard]] bool ends_transaction() const;

    /// The current statement without its context comments, the white space around it and the semicolon at its
    /// end, in the current memory context.
    [[nodiscard]] std::string_view text_without_comments() const;

private:
    void read_statement();
    void take_comment(const comment::Event &event, std::string_view Layers::*layer);
};

} // namespace bemi::context::statement
