#include "decode/formats/bemi_options.hpp"

#include "decode/options/option_definition.hpp"

#include <array>

namespace bemi::decode {

namespace {

[[noreturn]] void bad_operations(const Argument &argument) {
    bad_value(argument, {}, "Valid values are lists of \"create\", \"update\", \"delete\" and \"truncate\".");
}

Operation parse_operation(const Argument &argument, std::string_view word) {
    constexpr std::array<std::pair<std::string_view, Operation>, 4> operations{{
        {"create", Operation::create},
        {"update", Operation::update},
        {"delete", Operation::erase},
        {"truncate", Operation::truncate},
    }};
    for (const auto &[name, operation] : operations)
        if (equal_ignoring_case(word, name))
            return operation;
    bad_operations(argument);
}

OperationSet parse_operations(const Argument &argument) {
    OperationSet operations = OperationSet::none();
    for_each_element(value_of(argument),
                     [&](std::string_view word) { operations.add(parse_operation(argument, word)); });
    if (operations.empty())
        bad_operations(argument);
    return operations;
}

template <typename List> List parse_list(const Argument &argument, const char *hint) {
    try {
        return List{value_of(argument)};
    } catch (const ListError &error) {
        bad_value(argument, error.what(), hint);
    }
}

TableList parse_tables(const Argument &argument) {
    return parse_list<TableList>(
        argument, "Give a list such as \"public.todo, audit.*\"; in a name, a backslash escapes a "
                  "blank, quote, comma, dot, star or backslash.");
}

constexpr std::array definitions{
    OptionDefinition{"include-tables",
                     [](Options &o, const Argument &a) { o.include_tables = parse_tables(a); }},
    OptionDefinition{"exclude-tables",
                     [](Options &o, const Argument &a) { o.exclude_tables = parse_tables(a); }},
    OptionDefinition{"operations", [](Options &o, const Argument &a) { o.operations = parse_operations(a); }},
    OptionDefinition{"transactions", [](Options &o, const Argument &a) { o.transactions = parse_bool(a); }},
    OptionDefinition{"stream", [](Options &o, const Argument &a) { o.stream = parse_bool(a); }},
    OptionDefinition{"two-phase", [](Options &o, const Argument &a) { o.two_phase = parse_bool(a); }},
    OptionDefinition{"messages",
                     [](Options &o, const Argument &a) {
                         o.messages =
                             parse_list<NameList>(a, "Give a list of prefixes such as \"audit, app*\".");
                     }},
};

} // namespace

constinit const FormatOptions bemi_options{.name = "bemi", .definitions = definitions};

} // namespace bemi::decode
