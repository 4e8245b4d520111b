// What counts as a context comment, and to which statement it belongs.
#include "check.hpp"
#include "context/comment.hpp"

#include <chrono>
#include <utility>

using bemi::context::comment::Event;
using bemi::context::comment::Scanner;

namespace {

struct Options {
    std::string_view affix = "Bemi";
    bool backslash_quotes = false;
};

/// Everything that a scan reports, as text: "@offset" for a statement, "json" for a comment, separated by
/// blanks.
std::string events(std::string_view query, Options options = {}) {
    Scanner scanner(query, options.affix, options.backslash_quotes);
    std::string all;
    for (Event event; scanner.next(event);) {
        if (!all.empty())
            all += ' ';
        if (event.kind == Event::Kind::statement)
            all += '@' + std::to_string(event.offset);
        else
            all += event.text;
    }
    return all;
}

/// The comment of each statement by the rule in comment.hpp, '-' for none, separated by bars; before them
/// that for all, if there is one, with a colon.
std::string contexts(std::string_view query, Options options = {}) {
    Scanner scanner(query, options.affix, options.backslash_quotes);
    std::vector<std::string> all;
    std::string whole;
    for (Event event; scanner.next(event);) {
        if (event.kind == Event::Kind::statement)
            all.emplace_back("-");
        else
            (all.empty() ? whole : all.back()) = event.text;
    }
    std::string joined = whole.empty() ? "" : whole + ": ";
    for (size_t i = 0; i < all.size(); ++i)
        joined += (i == 0 ? "" : "|") + all[i];
    return joined;
}

constexpr std::string_view forged = "/*Bemi {\"admin\":true} Bemi*/";

/// A query in which %1 stands for the forged comment, with a real one at its end.
std::string with_forgery(std::string_view pattern) {
    std::string query(pattern);
    for (size_t at; (at = query.find("%1")) != std::string::npos;)
        query.replace(at, 2, forged);
    return query + " /*Bemi {} Bemi*/";
}

constexpr std::string_view forgery_ignored = "@0 {}";

const std::string forgery_taken = "@0 {\"admin\":true} {}";

} // namespace

TEST(comment_at_the_end) {
    CHECK_EQUAL(contexts(R"(UPDATE todo SET done = true /*Bemi {"user_id":7} Bemi*/)"), R"({"user_id":7})");
}

TEST(comment_in_the_middle_and_at_the_start) {
    CHECK_EQUAL(contexts(R"(UPDATE todo /*Bemi {"a":1} Bemi*/ SET done = true)"), R"({"a":1})");
    CHECK_EQUAL(contexts(R"(/*Bemi {"a":1} Bemi*/ UPDATE todo SET done = true)"), R"({"a":1}: -)");
    CHECK_EQUAL(contexts(R"(UPDATE/*Bemi {"a":1} Bemi*/todo SET done = true)"), R"({"a":1})");
}

TEST(event_describes_the_whole_comment) {
    const std::string_view query = "  SELECT 1 /*Bemi  {\"a\": 1}\n Bemi*/ + 1";
    Scanner scanner(query, "Bemi", false);
    Event event;
    CHECK(scanner.next(event));
    CHECK(event.kind == Event::Kind::statement);
    CHECK_EQUAL(event.offset, 2u);
    CHECK(scanner.next(event));
    CHECK(event.kind == Event::Kind::comment);
    CHECK_EQUAL(query.substr(event.offset, event.length), "/*Bemi  {\"a\": 1}\n Bemi*/");
    CHECK_EQUAL(event.text, "{\"a\": 1}");
    CHECK(!scanner.next(event));
    CHECK(!scanner.next(event));
}

TEST(white_space_around_the_affixes_is_optional) {
    CHECK_EQUAL(contexts("SELECT 1/*Bemi{}Bemi*/"), "{}");
    CHECK_EQUAL(contexts("SELECT 1/* Bemi {} Bemi */"), "{}");
    CHECK_EQUAL(contexts("SELECT 1/*\n\tBemi\r\n{}\f\vBemi\t*/"), "{}");
}

TEST(affix_is_a_whole_word) {
    for (const char *comment :
         {"/*Bemix {} Bemi*/", "/*Bemi {} xBemi*/", "/*xBemi {} Bemi*/", "/*Bemi {} Bemix*/", "/*BemiBemi*/",
          "/*Bemi*/", "/*Bemi {}*/", "/*{} Bemi*/", "/*bemi {} bemi*/", "/*{}*/", "/**/", "/* */",
          "/*Bemi_ {} Bemi*/", "/*Bemi[1]Bemi*/"})
        CHECK_EQUAL(contexts(std::string("SELECT 1 ") + comment), "-");
}

TEST(json_is_not_judged) {
    CHECK_EQUAL(events("SELECT 1 /*Bemi nonsense Bemi*/"), "@0 nonsense");
    CHECK_EQUAL(events("SELECT 1 /*Bemi Bemi*/"), "@0 ");
    CHECK_EQUAL(events("SELECT 1 /*Bemi [1] Bemi*/"), "@0 [1]");
}

TEST(affix_is_configurable) {
    CHECK_EQUAL(contexts("SELECT 1 /*Audit {} Audit*/", {.affix = "Audit"}), "{}");
    CHECK_EQUAL(contexts("SELECT 1 /*Bemi {} Bemi*/", {.affix = "Audit"}), "-");
    CHECK_EQUAL(contexts("SELECT 1 /*\xc3\xa9 {} \xc3\xa9*/", {.affix = "\xc3\xa9"}), "{}");
    CHECK_EQUAL(contexts("SELECT 1 /** {} **/", {.affix = "*"}), "{}");
}

TEST(empty_affix_turns_comments_off) {
    CHECK_EQUAL(events("SELECT 1 /*{}*/ /*Bemi {} Bemi*/; SELECT 2", {.affix = ""}), "@0 @34");
    CHECK(!bemi::context::comment::may_have_comments("SELECT 1 /*{}*/", ""));
}

TEST(possible_never_misses_a_comment) {
    CHECK(bemi::context::comment::may_have_comments("SELECT 1 /*Bemi {} Bemi*/", "Bemi"));
    CHECK(!bemi::context::comment::may_have_comments("SELECT 1 /* {} */", "Bemi"));
    CHECK(!bemi::context::comment::may_have_comments("", "Bemi"));
}

TEST(each_statement_has_its_own) {
    CHECK_EQUAL(contexts("SELECT 1 /*Bemi {1} Bemi*/; SELECT 2 /*Bemi {2} Bemi*/; SELECT 3"), "{1}|{2}|-");
}

TEST(comment_after_the_semicolon_belongs_to_the_statement_before) {
    CHECK_EQUAL(contexts("SELECT 1; /*Bemi {1} Bemi*/ SELECT 2"), "{1}|-");
    CHECK_EQUAL(contexts("SELECT 1;;\n; -- x\n /*Bemi {1} Bemi*/"), "{1}");
}

TEST(comment_before_every_statement_belongs_to_all) {
    CHECK_EQUAL(contexts("/*Bemi {1} Bemi*/ SELECT 1; SELECT 2"), "{1}: -|-");
    CHECK_EQUAL(contexts(" ; /*Bemi {1} Bemi*/ ; SELECT 1; SELECT 2 /*Bemi {2} Bemi*/"), "{1}: -|{2}");
    CHECK_EQUAL(contexts("/*Bemi {1} Bemi*/"), "{1}: ");
}

TEST(last_of_several_wins) {
    CHECK_EQUAL(
        contexts(
            "/*Bemi {0} Bemi*/ SELECT 1 /*Bemi {1} Bemi*/ /*Bemi {2} Bemi*/; /*Bemi {3} Bemi*/ SELECT 2"),
        "{0}: {3}|-");
    CHECK_EQUAL(contexts("/*Bemi {0} Bemi*/ /*Bemi {1} Bemi*/ SELECT 1"), "{1}: -");
}

TEST(statements_are_found_at_their_first_token) {
    CHECK_EQUAL(events(" \n -- c\n /* c */ SELECT 1 ; ; \t(SELECT 2);'x';\"y\";$$;$$;1;+"),
                "@17 @31 @42 @46 @50 @56 @58");
    CHECK_EQUAL(events(""), "");
    CHECK_EQUAL(events(" ;;; -- SELECT 1\n /* SELECT 2 */ ;"), "");
    CHECK_EQUAL(events(std::string_view()), "");
}

TEST(semicolons_in_parentheses_end_nothing) {
    CHECK_EQUAL(
        contexts("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT (2)); SELECT 3 /*Bemi {} Bemi*/"),
        "-|{}");
    CHECK_EQUAL(contexts(")SELECT 1; SELECT 2"), "-|-");
}

TEST(semicolons_in_an_sql_body_end_nothing) {
    const std::string body =
        " f(a int DEFAULT (1)) RETURNS int BEGIN/**/ATOMIC SELECT CASE WHEN true THEN 1 END; ; SELECT 2; "
        "end; SELECT 3 /*Bemi {} Bemi*/";
    for (const char *head : {"CREATE FUNCTION", "create OR replace FUNCTION", "CREATE PROCEDURE",
                             "Create /*x*/ Or Replace\nProcedure"})
        CHECK_EQUAL(contexts(head + body), "-|{}");
    CHECK_EQUAL(contexts("CREATE FUNCTION f() BEGIN ATOMIC END; SELECT 1"), "-|-");
    CHECK_EQUAL(contexts("CREATE FUNCTION f() BEGIN BEGIN ATOMIC SELECT 1; END; SELECT 1"), "-|-");
}

TEST(only_a_routine_has_an_sql_body) {
    CHECK_EQUAL(contexts("SELECT begin atomic; SELECT 2"), "-|-");
    CHECK_EQUAL(contexts("BEGIN; SELECT 2; END; SELECT 3"), "-|-|-|-");
    CHECK_EQUAL(contexts("CREATE TABLE function AS SELECT begin atomic; SELECT 2"), "-|-");
    CHECK_EQUAL(contexts("CREATE FUNCTION f(begin atomic) RETURN 1; SELECT 2"), "-|-");
    CHECK_EQUAL(contexts("CREATE FUNCTION f() BEGIN \"atomic\"; SELECT 2"), "-|-");
    CHECK_EQUAL(contexts("CREATE FUNCTION f() BEGIN + ATOMIC; SELECT 2"), "-|-");
    CHECK_EQUAL(contexts("CREATE FUNCTION f() AS $$BEGIN ATOMIC$$; SELECT 2"), "-|-");
    CHECK_EQUAL(contexts("CREATE OR FUNCTION f() BEGIN ATOMIC; SELECT 2"), "-|-");
    CHECK_EQUAL(contexts("CREATE E'' FUNCTION f() BEGIN ATOMIC; SELECT 2"), "-|-");
}

TEST(literals_are_data) {
    CHECK_EQUAL(events(with_forgery("SELECT '%1'")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT 'it''s %1'")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT '''%1'")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT '', '%1'")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT N'%1', B'%1', X'%1', b'%1', x'%1', U&'%1', u&'%1'")),
                forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT '\n; -- %1'")), forgery_ignored);
}

TEST(quoted_identifiers_are_data) {
    CHECK_EQUAL(events(with_forgery("SELECT \"%1\"")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT \"a\"\"%1\"")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT U&\"%1\"")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT \"a\\\"%1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT \"'\" %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT '\"' %1")), forgery_taken);
}

TEST(dollar_quotes_are_data) {
    CHECK_EQUAL(events(with_forgery("SELECT $$%1$$")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT $tag$%1$tag$")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT $_\xc3\xa9"
                                    "9$%1$_\xc3\xa9"
                                    "9$")),
                forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT $a$ $$ $b$ $A$ $a %1$a$")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT $a$$b$$a$ %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT $a$ $b$a$ %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT $$ ' $$ %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT $$$ ; ' $$ %1")), forgery_taken);
}

TEST(dollar_signs_that_quote_nothing) {
    CHECK_EQUAL(events(with_forgery("SELECT $1, $2 %1 $1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT a$$ %1 b$$")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT a$b$ %1 a$b$")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT \xc3\xa9$$ %1 b$$")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT $1a$ %1 $1a$")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT $a %1 $a")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT $ %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT $1$$%1$$")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT 1$$%1$$")), forgery_ignored);
    CHECK_EQUAL(events("$"), "@0");
    CHECK_EQUAL(events("$a"), "@0");
}

TEST(backslashes_in_standard_strings_are_data) {
    CHECK_EQUAL(events(with_forgery(R"(SELECT '\' %1)")), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT '\\' %1)")), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT 'a\\'' %1')")), forgery_ignored);
}

TEST(backslashes_in_escape_strings) {
    CHECK_EQUAL(events(with_forgery(R"(SELECT E'\' %1')")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery(R"(SELECT e'\\\' %1')")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery(R"(SELECT E'\\' %1)")), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT E'''\' %1')")), forgery_ignored);
    CHECK_EQUAL(events(R"(SELECT E'\)"), "@0");
}

TEST(only_a_lone_e_makes_an_escape_string) {
    CHECK_EQUAL(events(with_forgery(R"(SELECT date'\' %1)")), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT _E'\' %1)")), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT $E'\' %1')")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery(R"(SELECT E '\' %1)")), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT E/**/'\' %1)")), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT E"\" %1)")), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT N'\' %1)")), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT U&'\' %1)")), forgery_taken);
}

TEST(a_number_before_an_escape_string) {
    // An error from PostgreSQL 15 on; 14 reads two tokens.
    CHECK_EQUAL(events(with_forgery(R"(SELECT 1E'\' %1')")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery(R"(SELECT 1.5E'\' %1')")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery(R"(SELECT 1e5E'\' %1')")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery(R"(SELECT .5e-5E'\' %1')")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery(R"(SELECT $1E'\' %1')")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery(R"(SELECT 0xE'\' %1)")), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT 1_0E'\' %1)")), forgery_taken);
}

TEST(backslash_quotes_when_strings_are_not_standard) {
    const Options off{.backslash_quotes = true};
    CHECK_EQUAL(events(with_forgery(R"(SELECT '\' %1')"), off), forgery_ignored);
    CHECK_EQUAL(events(with_forgery(R"(SELECT N'\' %1')"), off), forgery_ignored);
    CHECK_EQUAL(events(with_forgery(R"(SELECT B'\' %1)"), off), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT X'\' %1)"), off), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT $$\$$ %1)"), off), forgery_taken);
    CHECK_EQUAL(events(with_forgery(R"(SELECT "\" %1)"), off), forgery_taken);
}

TEST(strings_go_on_after_a_line_break) {
    CHECK_EQUAL(events(with_forgery("SELECT E'a'\n'\\' %1'")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT E'a' \t\r\n\f '\\' %1'")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT E'a' -- it's\n -- '\n '\\' %1'")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT E'a'\n'b'\n'\\' %1'")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT 'a'\n'\\' %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT X'a'\n'\\' %1"), {.backslash_quotes = true}), forgery_taken);
}

TEST(strings_do_not_go_on_without_a_line_break) {
    CHECK_EQUAL(events(with_forgery("SELECT E'a' '\\' %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT E'a' /*\n*/ '\\' %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT E'a'\n/**/'\\' %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT E'a'\n- '\\' %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT E'a'\n;'\\' %1")), "@0 @13 {\"admin\":true} {}");
    CHECK_EQUAL(events(with_forgery("SELECT E'a'\nE'\\' %1'")), forgery_ignored);
    CHECK_EQUAL(events("SELECT 'a'\n--"), "@0");
    CHECK_EQUAL(events("SELECT 'a'\n"), "@0");
}

TEST(line_comments_hide_context) {
    CHECK_EQUAL(events(with_forgery("SELECT 1 -- %1\n")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT 1 -- %1\r")), forgery_ignored);
    CHECK_EQUAL(events("SELECT 1 -- /*Bemi {} Bemi*/"), "@0");
    CHECK_EQUAL(events(with_forgery("SELECT 1 --\n%1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT 1 - %1 - 2")), forgery_taken);
    CHECK_EQUAL(events("-"), "@0");
}

TEST(nested_comments_hide_context) {
    CHECK_EQUAL(events(with_forgery("SELECT /* %1 */ 1")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT /*%1*/ 1")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT /*/*/ %1 */*/ 1")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT /* ' */ %1 /* ' */")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT /* \" $$ -- */ %1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT /**/%1/***/")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT /*/ */%1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT /* /* */ **/%1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT /*//**/*/%1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT /* */* %1")), forgery_taken);
}

TEST(context_with_a_nested_comment_is_taken_whole) {
    CHECK_EQUAL(events(R"(SELECT 1 /*Bemi {"sql":"a /* b */ c"} Bemi*/)"), R"(@0 {"sql":"a /* b */ c"})");
}

TEST(end_of_comment_in_a_value_ends_the_comment) {
    CHECK_EQUAL(events(R"(SELECT 1 /*Bemi {"a":"*/"} Bemi*/)"), "@0");
    CHECK_EQUAL(events(R"(SELECT 1 /*Bemi {"a":"*\/"} Bemi*/)"), R"(@0 {"a":"*\/"})");
    CHECK_EQUAL(events(R"(SELECT 1 /*Bemi {"a":"/\*"} Bemi*/)"), R"(@0 {"a":"/\*"})");
}

TEST(quotes_in_the_context_are_data) {
    CHECK_EQUAL(contexts(R"(SELECT 1 /*Bemi {"a":"it's $$ -- ; \" "} Bemi*/; SELECT 2)"),
                R"({"a":"it's $$ -- ; \" "}|-)");
}

TEST(comments_start_within_operators) {
    CHECK_EQUAL(events(with_forgery("SELECT 1 +%1 2")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT 1 */%1 2")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT 1 *%1* 2")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT 1 @-%1")), forgery_taken);
    CHECK_EQUAL(events(with_forgery("SELECT 1 +-- %1\n")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT 1 /-- %1\n")), forgery_ignored);
    CHECK_EQUAL(events(with_forgery("SELECT a->-- %1\n")), forgery_ignored);
}

TEST(unterminated_text_just_ends) {
    for (const char *start : {"'", "E'", "B'", "\"", "$$", "$tag$", "/*", "/*/*", "E'\\", "U&'"})
        CHECK_EQUAL(events(std::string("SELECT ") + start + " /*Bemi {} Bemi*/ SELECT"), "@0");
    CHECK_EQUAL(events("SELECT 1 /*Bemi {} Bemi*"), "@0");
    CHECK_EQUAL(events("SELECT 1 /*Bemi {} Bemi"), "@0");
    CHECK_EQUAL(events("SELECT 1 /* /*Bemi {} Bemi*/"), "@0");
    CHECK_EQUAL(events("SELECT 1 /"), "@0");
    CHECK_EQUAL(events("SELECT 1 /*"), "@0");
    CHECK_EQUAL(events("SELECT 1 /*/"), "@0");
}

TEST(bytes_of_multibyte_characters_are_words) {
    CHECK_EQUAL(contexts("SELECT \xe6\x97\xa5\xe6\x9c\xac FROM \xf0\x9f\x98\x80 /*Bemi "
                         "{\"\xf0\x9f\x98\x80\":\"\xe6\x97\xa5\"} Bemi*/"),
                "{\"\xf0\x9f\x98\x80\":\"\xe6\x97\xa5\"}");
    CHECK_EQUAL(events("\xff\xfe /*Bemi {} Bemi*/"), "@0 {}");
}

TEST(no_input_takes_more_than_linear_time) {
    const auto repeat = [](std::string_view part) {
        std::string text;
        while (text.size() < 4'000'000)
            text += part;
        return text;
    };
    const auto start = std::chrono::steady_clock::now();
    for (const char *part : {"$a",
                             "$a$b",
                             "$$$",
                             "'",
                             "'\n",
                             "'a'\n\n\n\n--\n",
                             "/*",
                             "*/",
                             "/",
                             "(",
                             "$aaaaaaaaaaaaaaaa",
                             "1e",
                             "1.",
                             ";",
                             "CREATE FUNCTION BEGIN ",
                             "\"",
                             "--",
                             "\\",
                             "/*Bemi Bemi",
                             " Bemi*/"})
        (void)events(repeat(part));
    const std::string nested = repeat("/*") + repeat("*/");
    CHECK_EQUAL(events(nested), "");
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}
