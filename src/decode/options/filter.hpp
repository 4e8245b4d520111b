// Lists of names with wildcards: values of the output plugin's options. This file does not include
// PostgreSQL.
//
// Elements are separated by commas. `*` matches any sequence of characters; a backslash escapes the next
// character (a blank, quote, comma, dot, star or backslash in a name). Blanks around an element are ignored.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bemi::decode {

/// The syntax of a list is wrong. what() is a sentence that says why.
struct ListError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Removes the first element from `list` and returns it without the blanks around it, but with its escapes.
/// The remaining list is empty or starts with the comma.
[[nodiscard]] std::string_view cut_element(std::string_view &list);

/// Calls `use` for each element of `list`, empty elements included. An empty list has no elements.
template <typename Use> void for_each_element(std::string_view list, Use &&use) {
    bool more = !list.empty();
    while (more) {
        use(cut_element(list));
        more = !list.empty();
        list.remove_prefix(more ? 1 : 0);
    }
}

/// One name, possibly with wildcards.
class Pattern {
public:
    void add_literal(char c) { text_.push_back(c); }
    void add_wildcard() { text_.push_back(wildcard); }

    [[nodiscard]] bool matches(std::string_view name) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

private:
    static constexpr char wildcard = '\0'; // no name contains it

    std::string text_;
};

/// A list of names, like the prefixes of messages.
class NameList {
public:
    NameList() = default;
    /// Parses the list; throws ListError.
    explicit NameList(std::string_view list);

    void add(Pattern name);
    [[nodiscard]] bool matches(std::string_view name) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return patterns_.empty(); }

private:
    std::vector<Pattern> patterns_;
};

/// A list of `schema.table`.
class TableList {
public:
    TableList() = default;
    /// Parses the list; throws ListError.
    explicit TableList(std::string_view list);

    void add(Pattern schema, Pattern name);
    [[nodiscard]] bool matches(std::string_view schema, std::string_view table) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return tables_.empty(); }

private:
    struct Table {
        Pattern schema;
        Pattern name;
    };

    std::vector<Table> tables_;
};

} // namespace bemi::decode
