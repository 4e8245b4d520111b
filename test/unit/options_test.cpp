#include "check.hpp"
#include "options_of_clients.hpp"

using namespace bemi::decode;

namespace {

std::string refusal(const Argument &argument) {
    return refusal_of({argument});
}

} // namespace

TEST(defaults) {
    const Options options = parse({});
    CHECK(options.format == &bemi_options);
    CHECK(options.includes_table("public", "todo"));
    for (const Operation operation :
         {Operation::create, Operation::update, Operation::erase, Operation::truncate})
        CHECK(options.operations.has(operation));
    CHECK(!options.tracked_only);
    CHECK(!options.transactions);
    CHECK(!options.stream);
    CHECK(!options.two_phase);
    CHECK(!options.messages.matches("audit"));
}

TEST(booleans_as_postgresql_reads_them) {
    for (const char *value : {"on", "ON", "true", "t", "Tru", "y", "yes", "1"})
        CHECK(parse({{"transactions", value}}).transactions);
    for (const char *value : {"off", "of", "OFF", "false", "f", "n", "no", "0"})
        CHECK(!parse({{"transactions", value}}).transactions);
    CHECK(parse({{"tracked-only", std::nullopt}}).tracked_only);
    for (const char *value : {"", "o", "2", "10", "yess", " on", "maybe"})
        CHECK_EQUAL(refusal({"tracked-only", value}), "invalid value for option \"tracked-only\": \"" +
                                                          std::string{value} +
                                                          "\"\n\nValid values are \"on\" and \"off\".");
}

TEST(the_last_of_several_wins) {
    CHECK(!parse({{"transactions", "on"}, {"transactions", "off"}}).transactions);
}

TEST(operations) {
    const OperationSet some = parse({{"operations", "Create, delete"}}).operations;
    CHECK(some.has(Operation::create));
    CHECK(!some.has(Operation::update));
    CHECK(some.has(Operation::erase));
    CHECK(!some.has(Operation::truncate));
    for (const char *value : {"", ",", "insert", "create,", "create update", "*"})
        CHECK_EQUAL(
            refusal({"operations", value}),
            "invalid value for option \"operations\": \"" + std::string{value} +
                "\"\n\nValid values are lists of \"create\", \"update\", \"delete\" and \"truncate\".");
}

TEST(included_and_excluded_tables) {
    const Options options = parse({{"include-tables", "a.*, b.x"}, {"exclude-tables", "*.secret"}});
    CHECK(options.includes_table("a", "x"));
    CHECK(options.includes_table("b", "x"));
    CHECK(!options.includes_table("b", "y"));
    CHECK(!options.includes_table("a", "secret"));
    CHECK(parse({{"exclude-tables", "*.secret"}}).includes_table("c", "x"));
    CHECK(parse({{"include-tables", ""}}).includes_table("c", "x"));
}

TEST(bad_tables) {
    CHECK_EQUAL(refusal({"include-tables", "todo"}),
                "invalid value for option \"include-tables\": \"todo\"\nTable \"todo\" has no schema.\n"
                "Give a list such as \"public.todo, audit.*\"; in a name, a backslash escapes a blank, "
                "quote, comma, dot, "
                "star or backslash.");
}

TEST(messages) {
    const Options options = parse({{"messages", "audit, app.*"}});
    CHECK(options.messages.matches("audit"));
    CHECK(options.messages.matches("app.orders"));
    CHECK(!options.messages.matches("app"));
}

TEST(batch_size) {
    CHECK(parse({}).batch_size == 0);
    CHECK(parse({{"batch-size", "8192"}}).batch_size == 8192);
    CHECK(parse({{"batch-size", "1048576"}}).batch_size == 1048576);
    for (const char *value : {"", "-1", "1048577", "8kB", " 1", "99999999999999999999"})
        CHECK_EQUAL(refusal({"batch-size", value}),
                    "invalid value for option \"batch-size\": \"" + std::string{value} +
                        "\"\n\nValid values are between 0 and 1048576 bytes.");
}

TEST(formats) {
    CHECK(parse({{"format", "bemi"}}).format == &bemi_options);
    CHECK_EQUAL(refusal({"format", "xml"}),
                "invalid value for option \"format\": \"xml\"\n\nValid values are: bemi, wal2json.");
    CHECK_EQUAL(refusal({"format", std::nullopt}), "option \"format\" requires a value\n\n");
}

TEST(unknown_options) {
    CHECK_EQUAL(refusal({"formats", "bemi"}), "unrecognized option \"formats\" of output plugin \"bemi\"\n\n"
                                              "Valid options are: format, tracked-only, batch-size, "
                                              "include-tables, exclude-tables, operations, transactions, "
                                              "stream, two-phase, messages.");
}

TEST(internal_formats_are_not_for_clients) {
    CHECK_EQUAL(refusal({"format", "internal"}),
                "invalid value for option \"format\": \"internal\"\n\nValid values are: bemi, wal2json.");
    CHECK(parse({{"format", "internal", true}}).format == &internal_options);
    CHECK(!refusal({"format", ""}).empty());
}
