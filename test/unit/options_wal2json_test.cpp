#include "check.hpp"
#include "options_of_clients.hpp"

using namespace bemi::decode;
using namespace bemi::decode::wal2json;

namespace {

constexpr Argument asks_for_wal2json{"format", "wal2json"};

/// With format=wal2json after the others, which makes no difference.
Options parse_wal2json(std::vector<Argument> arguments) {
    arguments.push_back(asks_for_wal2json);
    return parse(arguments);
}

std::string refusal(const Argument &argument) {
    return refusal_of({asks_for_wal2json, argument});
}

} // namespace

TEST(defaults) {
    const Options options = parse_wal2json({});
    CHECK(options.format == &version_2_options);
    CHECK(options.transactions);
    CHECK(options.includes_table("public", "todo"));
    for (const Operation operation :
         {Operation::create, Operation::update, Operation::erase, Operation::truncate})
        CHECK(options.operations.has(operation));
    CHECK(options.includes_message("audit"));
    CHECK(options.includes_message(""));
    CHECK(options.exclude_origins.empty());
    for (const Flag flag : {Flag::schemas, Flag::types})
        CHECK(is_set(options, flag));
    for (const Flag flag :
         {Flag::xids, Flag::timestamp, Flag::origin, Flag::lsn, Flag::type_oids, Flag::domain_data_type,
          Flag::not_null, Flag::column_positions, Flag::defaults, Flag::pk, Flag::numbers_as_strings})
        CHECK(!is_set(options, flag));
}

TEST(flags) {
    CHECK(!parse_wal2json({{"include-transaction", "off"}}).transactions);
    CHECK(!is_set(parse_wal2json({{"include-schemas", "f"}}), Flag::schemas));
    CHECK(!is_set(parse_wal2json({{"include-types", "0"}}), Flag::types));
    CHECK(is_set(parse_wal2json({{"include-xids", std::nullopt}}), Flag::xids));
    CHECK(is_set(parse_wal2json({{"include-timestamp", "yes"}}), Flag::timestamp));
    CHECK(is_set(parse_wal2json({{"include-origin", "1"}}), Flag::origin));
    CHECK(is_set(parse_wal2json({{"include-lsn", "on"}}), Flag::lsn));
    CHECK(is_set(parse_wal2json({{"include-type-oids", "T"}}), Flag::type_oids));
    CHECK(is_set(parse_wal2json({{"include-domain-data-type", "true"}}), Flag::domain_data_type));
    CHECK(is_set(parse_wal2json({{"include-not-null", "on"}}), Flag::not_null));
    CHECK(is_set(parse_wal2json({{"include-column-positions", "on"}}), Flag::column_positions));
    CHECK(is_set(parse_wal2json({{"include-default", "on"}}), Flag::defaults));
    CHECK(is_set(parse_wal2json({{"include-pk", "on"}}), Flag::pk));
    CHECK(is_set(parse_wal2json({{"numeric-data-types-as-string", "on"}}), Flag::numbers_as_strings));
    CHECK_EQUAL(refusal({"include-xids", "2"}),
                "invalid value for option \"include-xids\": \"2\"\n\nValid values are \"on\" and \"off\".");
}

TEST(options_without_effect) {
    for (const char *name : {"include-typmod", "pretty-print", "write-in-chunks"}) {
        CHECK_EQUAL(refusal({name, "on"}), "");
        CHECK_EQUAL(refusal({name, std::nullopt}), "");
        CHECK(refusal({name, "maybe"}).starts_with("invalid value for option"));
    }
}

TEST(versions) {
    CHECK_EQUAL(refusal({"format-version", "2"}), "");
    CHECK_EQUAL(refusal({"format-version", std::nullopt}), "");
    for (const char *version : {"1", "3", "", "two"})
        CHECK_EQUAL(refusal({"format-version", version}), "invalid value for option \"format-version\": \"" +
                                                              std::string{version} +
                                                              "\"\n\nThe only valid value is \"2\".");
}

TEST(tables) {
    const Options options =
        parse_wal2json({{"add-tables", "a.*, b.x\t,\n*.common"}, {"filter-tables", "*.secret"}});
    CHECK(options.includes_table("a", "x"));
    CHECK(options.includes_table("b", "x"));
    CHECK(options.includes_table("c", "common"));
    CHECK(!options.includes_table("b", "y"));
    CHECK(!options.includes_table("a", "secret"));
    CHECK(parse_wal2json({{"filter-tables", "*.secret"}}).includes_table("b", "y"));
}

TEST(a_star_in_a_name_is_a_star) {
    const Options options = parse_wal2json({{"add-tables", R"(a*.t,b.t*,\*.u,c.\*)"}});
    CHECK(options.includes_table("a*", "t"));
    CHECK(!options.includes_table("ab", "t"));
    CHECK(options.includes_table("b", "t*"));
    CHECK(!options.includes_table("b", "tt"));
    CHECK(options.includes_table("*", "u"));
    CHECK(!options.includes_table("x", "u"));
    CHECK(options.includes_table("c", "*"));
    CHECK(!options.includes_table("c", "x"));
}

TEST(escapes_in_tables) {
    const Options options = parse_wal2json({{"add-tables", R"(a\ b.c\,d,a\.b.c.d,\"q\".\\,plain.x\y)"}});
    CHECK(options.includes_table("a b", "c,d"));
    CHECK(options.includes_table("a.b", "c.d")); // only the first dot separates
    CHECK(options.includes_table("\"q\"", "\\"));
    CHECK(options.includes_table("plain", "xy"));
}

TEST(empty_lists) {
    for (const std::optional<std::string_view> none : {std::optional<std::string_view>{""}, {" \n"}, {}}) {
        CHECK(!parse_wal2json({{"add-tables", none}}).includes_table("a", "x"));
        CHECK(parse_wal2json({{"filter-tables", none}}).includes_table("a", "x"));
        CHECK(parse_wal2json({{"add-msg-prefixes", none}}).includes_message("a"));
        CHECK(parse_wal2json({{"filter-msg-prefixes", none}}).includes_message("a"));
    }
    CHECK(parse_wal2json({{"actions", ""}}).operations.empty());
    CHECK(parse_wal2json({{"actions", std::nullopt}}).operations.has(Operation::create));
}

TEST(options_given_twice) {
    const Options lists = parse_wal2json({{"filter-tables", "a.x"},
                                          {"filter-tables", "a.y"},
                                          {"filter-msg-prefixes", "p"},
                                          {"filter-msg-prefixes", "q"},
                                          {"filter-origins", "1"},
                                          {"filter-origins", "2"}});
    CHECK(!lists.includes_table("a", "x"));
    CHECK(!lists.includes_table("a", "y"));
    CHECK(!lists.includes_message("p"));
    CHECK(!lists.includes_message("q"));
    CHECK_EQUAL(lists.exclude_origins.size(), 2U);

    const Options replaced = parse_wal2json({{"add-tables", "a.x"},
                                             {"add-tables", "a.y"},
                                             {"actions", "insert"},
                                             {"actions", "update"},
                                             {"filter-tables", "a.y"},
                                             {"filter-tables", std::nullopt}});
    CHECK(!replaced.includes_table("a", "x"));
    CHECK(replaced.includes_table("a", "y"));
    CHECK(!replaced.operations.has(Operation::create));
    CHECK(replaced.operations.has(Operation::update));
}

TEST(bad_tables) {
    const std::string start = "invalid value for option \"add-tables\": \"";
    CHECK_EQUAL(refusal({"add-tables", "todo"}),
                start + "todo\"\nTable \"todo\" has no schema.\nGive a list such as \"public.todo,audit.*\"; "
                        "in a name, a backslash escapes a blank, quote, comma, dot, star or backslash.");
    CHECK_EQUAL(refusal({"add-tables", "a.b,"}), start + "a.b,\"\nThe list has an empty element.\n");
    CHECK_EQUAL(refusal({"add-tables", "a.b c.d"}),
                start + "a.b c.d\"\nThere is a blank in \"a.b c.d\".\nSeparate the elements by commas; a "
                        "backslash escapes a blank in a name.");
    CHECK_EQUAL(refusal({"add-tables", "a.b\\"}),
                start + "a.b\\\"\nA backslash at the end of an element escapes nothing.\n");
    CHECK_EQUAL(refusal({"add-tables", R"(a.b\\)"}), "");
    CHECK(!refusal({"filter-tables", ",a.b"}).empty());
}

TEST(message_prefixes) {
    const Options options = parse_wal2json({{"add-msg-prefixes", "a, b*"}, {"filter-msg-prefixes", "a"}});
    CHECK(!options.includes_message("a"));
    CHECK(options.includes_message("b*"));
    CHECK(!options.includes_message("bc"));
    CHECK(!options.includes_message("c"));
    // a backslash protects the next character, but stays
    const Options escaped = parse_wal2json({{"add-msg-prefixes", R"(a\,b)"}});
    CHECK(escaped.includes_message(R"(a\,b)"));
    CHECK(!escaped.includes_message("a,b"));
}

TEST(actions) {
    const OperationSet some = parse_wal2json({{"actions", "insert, truncate"}}).operations;
    CHECK(some.has(Operation::create));
    CHECK(!some.has(Operation::update));
    CHECK(!some.has(Operation::erase));
    CHECK(some.has(Operation::truncate));
    for (const char *value : {"create", "Insert", "insert,create"})
        CHECK_EQUAL(
            refusal({"actions", value}),
            "invalid value for option \"actions\": \"" + std::string{value} +
                "\"\n\nValid values are lists of \"insert\", \"update\", \"delete\" and \"truncate\".");
}

TEST(origins) {
    const Options options = parse_wal2json({{"filter-origins", "1, 65534"}});
    CHECK_EQUAL(options.exclude_origins.size(), 2U);
    CHECK_EQUAL(options.exclude_origins.at(1), 65534U);
    for (const char *value : {"one", "1x", "-1", "4294967296", "1,,2"})
        CHECK(refusal({"filter-origins", value}).starts_with("invalid value for option \"filter-origins\""));
}

TEST(what_bemi_adds) {
    CHECK(parse_wal2json({{"tracked-only", "on"}}).tracked_only);
    CHECK_EQUAL(parse_wal2json({{"batch-size", "8192"}}).batch_size, 8192U);
}

TEST(options_of_the_other_format) {
    for (const char *name : {"include-tables", "exclude-tables", "operations", "transactions", "messages"})
        CHECK(refusal({name, "x"})
                  .starts_with("unrecognized option \"" + std::string{name} +
                               "\" of output plugin \"bemi\"\nThis option is valid only "
                               "with format \"bemi\".\nValid options are: format, "));
    for (const char *name : {"include-xids", "add-tables", "actions", "format-version"})
        CHECK(refusal_of({{name, "2"}, {"format", "bemi"}})
                  .starts_with(
                      "unrecognized option \"" + std::string{name} +
                      "\" of output plugin \"bemi\"\nThis option is valid only with format \"wal2json\".\n"));
    CHECK_EQUAL(refusal({"include-unchanged-toast", "on"}),
                "option \"include-unchanged-toast\" is not supported\n\n"
                "Omit it: unchanged TOAST values are never written.");
}

TEST(an_option_of_wal2json_means_its_format) {
    CHECK(parse({{"format-version", "2"}}).format == &version_2_options);
    CHECK(parse({{"format-version", "2"}}).transactions);
    CHECK(parse({{"add-tables", "public.*"}}).format == &version_1_options);
    CHECK(parse({{"tracked-only", "on"}}).format == &bemi_options);
    CHECK(refusal_of({{"add-tables", "public.*"}, {"operations", "create"}})
              .starts_with("unrecognized option \"operations\""));
}

TEST(version_1_is_what_a_client_means_that_gives_none) {
    const Options options = parse({{"add-tables", "public.*"}});
    CHECK(!options.transactions);
    CHECK(options.includes_message("audit"));
    CHECK(options.includes_table("public", "todo"));
    CHECK(!options.includes_table("other", "todo"));
    for (const Argument &version : {Argument{"format-version", "2"}, asks_for_wal2json}) {
        CHECK(parse({{"add-tables", "public.*"}, version}).format == &version_2_options);
        CHECK(parse({version, {"add-tables", "public.*"}}).format == &version_2_options);
    }
}

TEST(version_1_has_no_truncations) {
    for (const Argument &argument : {Argument{"add-tables", "*.*"}, Argument{"actions", "insert,truncate"}}) {
        CHECK(parse({argument}).operations.has(Operation::create));
        CHECK(!parse({argument}).operations.has(Operation::truncate));
    }
}

TEST(options_of_version_1) {
    CHECK(!is_set(parse({{"include-schemas", "off"}, {"tracked-only", "on"}}), Flag::schemas));
    CHECK(!is_set(parse({{"include-types", "off"}, {"batch-size", "8192"}}), Flag::types));
    CHECK(is_set(parse({{"numeric-data-types-as-string", "on"}}), Flag::numbers_as_strings));
    for (const char *name : {"include-xids", "include-pk", "include-typmod", "pretty-print"})
        CHECK_EQUAL(
            refusal_of({{name, "on"}}),
            "unrecognized option \"" + std::string{name} +
                "\" of output plugin \"bemi\"\nThis option is valid only with \"format-version\" 2; the "
                "version is 1 if neither \"format\" nor \"format-version\" is given.\nValid options are: "
                "format, "
                "tracked-only, batch-size, include-schemas, include-types, "
                "numeric-data-types-as-string, add-tables, filter-tables, add-msg-prefixes, "
                "filter-msg-prefixes, filter-origins, actions.");
    CHECK(refusal_of({{"format-version", "1"}}).starts_with("invalid value for option \"format-version\""));
}

TEST(the_last_format_counts) {
    CHECK(is_set(parse({{"format", "bemi"}, {"include-xids", "on"}, {"format", "wal2json"}}), Flag::xids));
    CHECK(!parse({{"format", "wal2json"}, {"format", "bemi"}}).transactions);
}
