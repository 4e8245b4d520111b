#include "options.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace bemi::decode {

namespace {

/// As in a list of names; option names and values are ASCII whatever the locale.
char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool starts_ignoring_case(std::string_view word, std::string_view start) {
    return start.size() <= word.size() && equal_ignoring_case(word.substr(0, start.size()), start);
}

[[noreturn]] void bad_value(const Argument &argument, std::string detail, std::string hint) {
    throw OptionError("invalid value for option \"" + std::string{argument.name} + "\": \"" +
                          std::string{argument.value.value_or("")} + '"',
                      std::move(detail), std::move(hint));
}

std::string_view value_of(const Argument &argument) {
    if (!argument.value)
        throw OptionError("option \"" + std::string{argument.name} + "\" requires a value", {}, {});
    return *argument.value;
}

/// What PostgreSQL takes for a boolean: these words, abbreviated as long as that is unambiguous. None means
/// true.
bool parse_bool(const Argument &argument) {
    if (!argument.value)
        return true;
    const std::string_view value = *argument.value;
    const auto abbreviates = [value](std::string_view word, size_t at_least) {
        return value.size() >= at_least && starts_ignoring_case(word, value);
    };
    if (abbreviates("true", 1) || abbreviates("yes", 1) || abbreviates("on", 2) || value == "1")
        return true;
    if (abbreviates("false", 1) || abbreviates("no", 1) || abbreviates("off", 2) || value == "0")
        return false;
    bad_value(argument, {}, "Allowed values are: on, off.");
}

Options::Format parse_format(const Argument &argument) {
    if (value_of(argument) == "bemi")
        return Options::Format::bemi;
    bad_value(argument, {}, "Allowed values are: bemi.");
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

struct Definition {
    std::string_view name;
    void (*set)(Options &options, const Argument &argument);
};

constexpr std::array<Definition, 8> definitions{{
    {"format", [](Options &o, const Argument &a) { o.format = parse_format(a); }},
    {"include-tables", [](Options &o, const Argument &a) { o.include_tables = parse_tables(a); }},
    {"exclude-tables", [](Options &o, const Argument &a) { o.exclude_tables = parse_tables(a); }},
    {"operations", [](Options &o, const Argument &a) { o.operations = parse_operations(a); }},
    {"tracked-only", [](Options &o, const Argument &a) { o.tracked_only = parse_bool(a); }},
    {"transactions", [](Options &o, const Argument &a) { o.transactions = parse_bool(a); }},
    {"messages",
     [](Options &o, const Argument &a) {
         o.messages = parse_list<NameList>(a, "Give a list of prefixes such as \"audit, app*\".");
     }},
    {"batch-size", [](Options &o, const Argument &a) { o.batch_size = parse_batch_size(a); }},
}};

[[noreturn]] void unknown_option(std::string_view name) {
    std::string allowed;
    for (const Definition &definition : definitions)
        allowed.append(allowed.empty() ? "" : ", ").append(definition.name);
    throw OptionError("unrecognized option \"" + std::string{name} + "\" of output plugin \"bemi\"", {},
                      "Allowed options are: " + allowed + '.');
}

} // namespace

Options parse_options(std::span<const Argument> arguments) {
    Options options;
    for (const Argument &argument : arguments) {
        const auto *definition = std::find_if(definitions.begin(), definitions.end(),
                                              [&](const Definition &d) { return d.name == argument.name; });
        if (definition == definitions.end())
            unknown_option(argument.name);
        definition->set(options, argument);
    }
    return options;
}

} // namespace bemi::decode
