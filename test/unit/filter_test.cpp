#include "check.hpp"
#include "decode/options/filter.hpp"

#include <stdexcept>

using namespace bemi::decode;

namespace {

/// Why the list is refused; empty if it is not.
template <typename List> std::string refusal(std::string_view list) {
    try {
        (void)List{list};
    } catch (const ListError &error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST(names_match_exactly) {
    const NameList list{"audit,app"};
    CHECK(list.matches("audit"));
    CHECK(list.matches("app"));
    CHECK(!list.matches("Audit"));
    CHECK(!list.matches("audit2"));
    CHECK(!list.matches("audi"));
    CHECK(!list.matches(""));
    CHECK(!list.matches("audit,app"));
}

TEST(an_empty_list_matches_nothing) {
    CHECK(NameList{""}.empty());
    CHECK(!NameList{""}.matches(""));
    CHECK(TableList{""}.empty());
    CHECK(!TableList{""}.matches("", ""));
}

TEST(blanks_around_elements_do_not_count) {
    const NameList list{"  a ,\tb\n, c d "};
    CHECK(list.matches("a"));
    CHECK(list.matches("b"));
    CHECK(list.matches("c d"));
    CHECK(!list.matches(" a"));
}

TEST(a_star_matches_any_run) {
    CHECK(NameList{"*"}.matches(""));
    CHECK(NameList{"*"}.matches("anything"));
    CHECK(NameList{"a*"}.matches("a"));
    CHECK(NameList{"a*"}.matches("abc"));
    CHECK(!NameList{"a*"}.matches("ba"));
    CHECK(NameList{"*c"}.matches("abc"));
    CHECK(!NameList{"*c"}.matches("abcd"));
    CHECK(NameList{"a*b*c"}.matches("a-b-b-c"));
    CHECK(NameList{"a*b*c"}.matches("abc"));
    CHECK(!NameList{"a*b*c"}.matches("acb"));
    CHECK(NameList{"**a**"}.matches("bab"));
    CHECK(NameList{"*ab"}.matches("aab"));
    CHECK(NameList{"a*ba"}.matches("aba-ba"));
}

TEST(a_backslash_takes_the_next_character_literally) {
    CHECK(NameList{"a\\*"}.matches("a*"));
    CHECK(!NameList{"a\\*"}.matches("ab"));
    CHECK(NameList{"a\\,b"}.matches("a,b"));
    CHECK(NameList{"a\\\\"}.matches("a\\"));
    CHECK(NameList{"\\ a\\ "}.matches(" a "));
    CHECK(NameList{"\\ a\\ , b"}.matches("b"));
    CHECK(NameList{"\\'\\\""}.matches("'\""));
    CHECK(NameList{"\\a"}.matches("a"));
    CHECK_EQUAL(refusal<NameList>("a\\"), "A backslash at the end of an element escapes nothing.");
}

TEST(names_have_no_parts) {
    CHECK(NameList{"a.b"}.matches("a.b"));
}

TEST(tables_have_a_schema_and_a_name) {
    const TableList list{"public.todo, audit.*, *.log, *app\\.x.a\\*b"};
    CHECK(list.matches("public", "todo"));
    CHECK(!list.matches("public", "todo2"));
    CHECK(!list.matches("todo", "public"));
    CHECK(list.matches("audit", "anything"));
    CHECK(list.matches("anything", "log"));
    CHECK(list.matches("my app.x", "a*b"));
    CHECK(!list.matches("my app.x", "a-b"));
}

TEST(a_star_stays_within_its_part) {
    CHECK(!TableList{"a*.c"}.matches("a", "b.c"));
    CHECK(TableList{"*.*"}.matches("a.b", "c.d"));
}

TEST(non_ascii_names) {
    CHECK(TableList{"größe.*€"}.matches("größe", "in €"));
    CHECK(!TableList{"größe.*€"}.matches("grösse", "in €"));
}

TEST(bad_lists_are_refused) {
    const std::string empty = "The list has an empty element.";
    CHECK_EQUAL(refusal<NameList>(","), empty);
    CHECK_EQUAL(refusal<NameList>("a,"), empty);
    CHECK_EQUAL(refusal<NameList>("a,,b"), empty);
    CHECK_EQUAL(refusal<NameList>("  "), empty);
    CHECK_EQUAL(refusal<TableList>("todo"), "Table \"todo\" has no schema.");
    CHECK_EQUAL(refusal<TableList>("public\\.todo"), "Table \"public\\.todo\" has no schema.");
    CHECK_EQUAL(refusal<TableList>("*"), "Table \"*\" has no schema.");
    CHECK_EQUAL(refusal<TableList>("a.b,"), "Table \"\" has no schema.");
    CHECK_EQUAL(refusal<TableList>("app.public.todo"), "Table \"app.public.todo\" has more than one dot.");
    CHECK_EQUAL(refusal<TableList>(".todo"), "Table \".todo\" has an empty name.");
    CHECK_EQUAL(refusal<TableList>("public."), "Table \"public.\" has an empty name.");
}
