// Lists of names with wildcards, as the options of the output plugin take them. Free of PostgreSQL.
//
// Elements are separated by commas. `*` stands for any run of characters; a backslash takes the next
// character literally (a blank, quote, comma, dot, star or backslash in a name). Blanks around an element do
// not count.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bemi::decode {

/// A list that cannot be understood. what() says why.
struct ListError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Cuts the first element off `list`, with its escapes still in it but without the blanks around it. What is
/// left of the list starts with the comma.
[[nodiscard]] std::string_view cut_element(std::string_view &list);

/// Calls `use` for each element of `list`, an empty one too. An empty list has none.
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
