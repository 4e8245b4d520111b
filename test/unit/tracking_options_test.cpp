#include "base/tracking_options.hpp"
#include "check.hpp"

using namespace bemi;

namespace {

using Arguments = std::vector<std::string>;

/// The options as they would be written, after how many of the arguments were not understood.
std::string taken(const Arguments &arguments) {
    TrackingOptions options;
    int refused = 0;
    for (const std::string &argument : arguments)
        refused += !take_argument(options, argument);
    std::string text = std::to_string(refused);
    write_arguments(options, [&](std::string_view key, std::string_view value, std::string_view rest) {
        ((((text += ' ') += key) += '=') += value) += rest;
    });
    return text;
}

const std::string none = " level=row identity=default";

} // namespace

TEST(what_is_written_is_understood) {
    for (const Arguments &arguments :
         {Arguments{"level=row", "identity=default"},
          {"level=statement", "identity=nothing"},
          {"level=row", "identity=full", "rule=schema"},
          {"level=row", "identity=index todo_pkey"},
          {"level=row", "identity=full", "require_context=warning"},
          {"level=statement", "identity=index odd = name", "rule=schema", "require_context=error"}}) {
        std::string written = "0";
        for (const std::string &argument : arguments)
            (written += ' ') += argument;
        CHECK_EQUAL(taken(arguments), written);
    }
}

TEST(without_arguments_options_are_the_defaults) {
    CHECK_EQUAL(taken({}), "0" + none);
}

TEST(order_is_of_no_account) {
    CHECK_EQUAL(taken({"require_context=error", "rule=schema", "identity=full", "level=statement"}),
                "0 level=statement identity=full rule=schema require_context=error");
}

TEST(the_last_of_duplicates_counts) {
    CHECK_EQUAL(taken({"level=statement", "level=row", "identity=full", "identity=nothing"}),
                "0 level=row identity=nothing");
    CHECK_EQUAL(taken({"identity=index a", "identity=index b"}), "0 level=row identity=index b");
    CHECK_EQUAL(taken({"identity=index a", "identity=full"}), "0 level=row identity=full");
    CHECK_EQUAL(taken({"rule=schema", "rule=schema"}), "0" + none + " rule=schema");
    CHECK_EQUAL(taken({"require_context=error", "require_context=off"}), "0" + none);
}

TEST(an_argument_that_is_not_understood_changes_nothing) {
    for (const char *argument : {"",
                                 "=",
                                 "level",
                                 "level=",
                                 "=row",
                                 "level=rows",
                                 "level=Row",
                                 "Level=row",
                                 " level=row",
                                 "level =row",
                                 "level= row",
                                 "level=row ",
                                 "level==row",
                                 "level=row=",
                                 "identity",
                                 "identity=",
                                 "identity=d",
                                 "identity=index",
                                 "identity=index ",
                                 "identity=Full",
                                 "identity=default x",
                                 "rule=",
                                 "rule=schemas",
                                 "rule=table",
                                 "require_context=",
                                 "require_context=Error",
                                 "require_context=on",
                                 "unknown=x",
                                 "a newer option=x"}) {
        CHECK_EQUAL(taken({argument}), "1" + none);
        CHECK_EQUAL(taken({"level=statement", "identity=index i", "rule=schema", argument}),
                    "1 level=statement identity=index i rule=schema");
    }
}

TEST(an_argument_is_compared_byte_by_byte) {
    using namespace std::string_literals;
    for (const std::string &bad :
         {"\xff"s, "\xc3"s, "level=\xff"s, "level=row\xff"s, "level=row\0"s, "\0level=row"s,
          "\xef\xbb\xbflevel=row"s, "level\xef\xbc\x9drow"s, "l\xc3\xa9vel=row"s})
        CHECK_EQUAL(taken({bad}), "1" + none);
    // An index is called what it is called, in whatever encoding: the catalog knows whether there is one.
    CHECK_EQUAL(taken({"identity=index gr\xf6\xdf"
                       "e"}),
                "0 level=row identity=index gr\xf6\xdf"
                "e");
    CHECK_EQUAL(taken({"identity=index  a "}), "0 level=row identity=index  a ");
}

TEST(a_thousand_arguments) {
    Arguments many;
    for (int i = 0; i < 1000; i++)
        many.push_back("odd" + std::to_string(i) + "=" + std::string(1000, 'x'));
    many.push_back("level=statement");
    CHECK_EQUAL(taken(many), "1000 level=statement identity=default");
}

TEST(every_trigger_has_the_requirement) {
    const auto arguments_of_others = [](Requirement requirement) {
        TrackingOptions options;
        options.chosen.require_context = requirement;
        std::string text;
        write_requirement(options, [&](std::string_view key, std::string_view value, std::string_view) {
            ((text += key) += '=') += value;
        });
        return text;
    };
    CHECK_EQUAL(arguments_of_others(Requirement::off), ""); // so that a trigger without one knows it at once
    CHECK_EQUAL(arguments_of_others(Requirement::error), "require_context=error");
}

TEST(requirements_have_names) {
    Requirement requirement = Requirement::error;
    CHECK(!find_requirement("", requirement) && !find_requirement("on", requirement));
    CHECK(requirement == Requirement::error);
    CHECK(find_requirement("off", requirement) && requirement == Requirement::off);
    CHECK(find_requirement("warning", requirement) && requirement == Requirement::warning);
    CHECK(Requirement::off < Requirement::warning && Requirement::warning < Requirement::error);
}

TEST(levels_have_names) {
    Level level = Level::statement;
    CHECK(!find_level("", level) && !find_level("table", level) && level == Level::statement);
    CHECK(find_level("row", level) && level == Level::row);
    CHECK(find_level("statement", level) && level == Level::statement);
}

TEST(rules_for_columns_are_valid_but_not_taken) {
    CHECK_EQUAL(taken({"exclude=password", "redact=*_token", "ignore=a=b", "exclude=password"}), "0" + none);
    CHECK_EQUAL(taken({"exclude=", "exclude", "excluded=a", "=a", "Exclude=a"}), "5" + none);
}

TEST(rules_for_columns_are_written_as_they_are) {
    TrackingOptions options;
    options.chosen.column_rules = std::string_view{"ignore=a\0exclude=b=c\0", 21};
    options.chosen.skip_unchanged = true;
    std::string text;
    write_arguments(options, [&](std::string_view key, std::string_view value, std::string_view) {
        (((text += key) += '=') += value) += ' ';
    });
    CHECK_EQUAL(text, "level=row identity=default skip_unchanged=true ignore=a exclude=b=c ");
}

TEST(a_star_stands_for_any_characters) {
    const auto matches = [](std::string_view pattern, std::string_view name) {
        return ColumnPattern{ColumnRule::exclude, pattern}.matches(name);
    };
    for (const char *pattern : {"a_token", "*", "**", "a*", "*n", "*_*", "a*n", "*tok*en*"})
        CHECK(matches(pattern, "a_token"));
    for (const char *pattern : {"", "token", "a_toke", "a*x", "A_token", "*_", "a_token?", "a.token"})
        CHECK(!matches(pattern, "a_token"));
    CHECK(matches("a*b", "a*b"));
    CHECK(matches("*", ""));
}

TEST(retention_is_a_length_of_time) {
    for (const char *text :
         {"P90D", "P3M", "P1M2D", "P0M0DT3600.000000S", "PT0S", "P9999M999999DT999999999.5S"})
        CHECK_EQUAL(taken({std::string("retention=") + text}), "0" + none + " retention=" + text);
    for (const char *text : {"", "P", "90D", "P90", "PD", "P1D1M", "P10000M", "P1000000D", "PT", "PT1",
                             "PT.5S", "PT1..5S", "PT1.S", "PT1000000000S", "P-1D", "P1D ", "90 days"})
        CHECK_EQUAL(taken({std::string("retention=") + text}), "1" + none);
}
