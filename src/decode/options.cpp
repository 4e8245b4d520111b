#include "option_definition.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace bemi::decode {

namespace {

Options::Format parse_format(const Argument &argument) {
    const std::string_view format = value_of(argument);
    if (format == "bemi")
        return Options::Format::bemi;
    if (format == "wal2json")
        return Options::Format::wal2json;
    bad_value(argument, {}, "Allowed values are: bemi, wal2json.");
}

[[noreturn]] void bad_operations(const Argument &argument) {
    bad_value(argument, {}, "Allowed values are lists of: create, update, delete, truncate.");
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

/// Small enough to leave a line that is batched practically all of the 1 GB that it may have.
size_t parse_batch_size(const Argument &argument) {
    constexpr size_t most = 1024 * 1024;
    const std::string_view text = value_of(argument);
    const char *end = text.data() + text.size();
    size_t size = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, size);
    if (error == std::errc{} && stop == end && size <= most)
        return size;
    bad_value(argument, {}, "Allowed values are from 0 to 1048576, in bytes.");
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

/// The options of every format.
constexpr std::array common_definitions{
    OptionDefinition{"format", [](Options &, const Argument &) { /* was read before all others */ }},
    OptionDefinition{"tracked-only", [](Options &o, const Argument &a) { o.tracked_only = parse_bool(a); }},
    OptionDefinition{"batch-size", [](Options &o, const Argument &a) { o.batch_size = parse_batch_size(a); }},
};

/// The options that only format=bemi has.
constexpr std::array bemi_definitions{
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

using Definitions = std::span<const OptionDefinition>;

const OptionDefinition *find_definition(Definitions definitions, std::string_view name) {
    for (const OptionDefinition &definition : definitions)
        if (definition.name == name)
            return &definition;
    return nullptr;
}

/// That of the last `format`. Without one, an option that only wal2json has tells a client of wal2json's,
/// which does not know that there are others: it expects wal2json's default version, the first, if it gives
/// none.
Options::Format format_of(std::span<const Argument> arguments) {
    std::optional<Options::Format> given;
    Options::Format meant = Options::Format::bemi;
    for (const Argument &argument : arguments) {
        if (argument.name == "format")
            given = parse_format(argument);
        if (argument.name == "format-version")
            meant = Options::Format::wal2json;
        else if (meant == Options::Format::bemi &&
                 find_definition(wal2json_definitions, argument.name) != nullptr)
            meant = Options::Format::wal2json_1;
    }
    return given.value_or(meant);
}

Options defaults_of(Options::Format format) {
    Options options;
    options.format = format;
    options.transactions = format == Options::Format::wal2json;
    options.all_messages = format != Options::Format::bemi;
    return options;
}

Definitions definitions_of(Options::Format format) {
    if (format == Options::Format::bemi)
        return bemi_definitions;
    return format == Options::Format::wal2json ? wal2json_definitions : wal2json_1_definitions;
}

std::string names_of(Definitions definitions) {
    std::string names;
    for (const OptionDefinition &definition : definitions)
        names.append(", ").append(definition.name);
    return names;
}

/// Where the option would be known, if anywhere.
std::string place_of(std::string_view name, Options::Format format) {
    if (find_definition(bemi_definitions, name) != nullptr)
        return "Only format=bemi has this option.";
    if (find_definition(wal2json_definitions, name) == nullptr)
        return "";
    return format == Options::Format::bemi ? "Only format=wal2json has this option."
                                           : "Only format-version 2 has this option; the version is 1 where "
                                             "neither that nor the format is given.";
}

[[noreturn]] void unknown_option(std::string_view name, Options::Format format) {
    throw OptionError(
        "unrecognized option \"" + std::string{name} + "\" of output plugin \"bemi\"", place_of(name, format),
        "Allowed options are: " +
            names_of(common_definitions).append(names_of(definitions_of(format))).substr(2) + '.');
}

const OptionDefinition &definition_of(std::string_view name, Options::Format format) {
    const OptionDefinition *definition = find_definition(common_definitions, name);
    if (definition == nullptr)
        definition = find_definition(definitions_of(format), name);
    if (definition == nullptr)
        unknown_option(name, format);
    return *definition;
}

} // namespace

Options parse_options(std::span<const Argument> arguments) {
    Options options = defaults_of(format_of(arguments));
    for (const Argument &argument : arguments)
        definition_of(argument.name, options.format).set(options, argument);
    if (options.format == Options::Format::wal2json_1) // has nothing to say of truncations
        options.operations.remove(Operation::truncate);
    return options;
}

} // namespace bemi::decode
