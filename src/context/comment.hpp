// Finds the statements of a client's query string and the comments in it that may have a context, as in
//
//     UPDATE todo SET done = true /*Bemi {"user_id":7} Bemi*/; DELETE FROM todo /*controller='todos'*/
//
// A comment belongs to the last statement that was reported before it; a comment before the first statement
// belongs to all of them. If several of a kind belong to a statement, or to all, the last one counts. The
// caller applies this rule, and validates the JSON.
#pragma once

#include "base/key_list.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bemi::context::comment {

/// What the scanner has found.
struct Event {
    enum class Kind : uint8_t {
        statement, ///< offset and length of the first byte of its first token
        comment,   ///< offset and length from "/*" to "*/"; text is the JSON between the affixes, trimmed
        tags,      ///< offset and length from "/*" to "*/"; text is that of the comment, all tags (tags.hpp)
    };
    Kind kind;
    size_t offset;
    size_t length;
    std::string_view text;
};

/// Whether the query may have comments to report. This is far cheaper than a scan, which most queries do not
/// need.
[[nodiscard]] inline bool may_have_comments(std::string_view query, std::string_view affix,
                                            KeyList tags = {}) noexcept {
    return (!affix.empty() && query.find(affix) != std::string_view::npos) ||
           (!tags.is_empty() && query.find("*/") != std::string_view::npos);
}

/// Reads a query as PostgreSQL's own lexer does (scan.l of 14 to 18), so that text inside literals, quoted
/// identifiers, dollar quotes and other comments is never taken for a context comment. It allocates nothing;
/// its time is linear in the query's size.
///
/// The text of a context comment with JSON is: affix, JSON, affix, with white space allowed around each. The
/// affix is a whole word: white space or '{' follows the first one, and white space or '}' precedes the
/// second one.
///
/// For a query that PostgreSQL would reject the events are arbitrary, but the scan ends.
class Scanner {
public:
    /// `affix` is the word around the JSON; if it is empty, no comment has JSON.
    /// `backslash_quotes` is true when standard_conforming_strings is off. Comments of tags are reported if
    /// one of their keys is listed in `tags`.
    constexpr Scanner(std::string_view query, std::string_view affix, bool backslash_quotes,
                      KeyList tags = {}) noexcept
        : begin_(query.data()), at_(begin_), end_(begin_ + query.size()), affix_(affix), tags_(tags),
          backslash_quotes_(backslash_quotes) {}

    /// Finds the next event, in the order of the text. False, and `event` unchanged, at the end of the query.
    [[nodiscard]] bool next(Event &event) noexcept;

private:
    // How far the scan is in CREATE [OR REPLACE] FUNCTION | PROCEDURE ... BEGIN ATOMIC ...; ...; END. No
    // other statement can contain a semicolon outside of parentheses.
    enum class Routine : uint8_t {
        unknown,
        create,
        create_or,
        create_or_replace,
        header,
        begin,
        body,
        body_start,
        no
    };

    void end_statement() noexcept;
    const char *skip_token(const char *at) noexcept;
    const char *skip_word(const char *at) noexcept;
    void follow(std::string_view word) noexcept;
    void follow_routine(std::string_view word) noexcept;
    bool describe_comment(const char *start, const char *stop, Event &event) const noexcept;
    bool find_json(std::string_view text, std::string_view &json) const noexcept;

    const char *begin_;
    const char *at_;
    const char *end_;
    std::string_view affix_;
    KeyList tags_;
    size_t parentheses_ = 0;
    bool backslash_quotes_;
    bool in_statement_ = false;
    Routine routine_ = Routine::unknown;
};

} // namespace bemi::context::comment
