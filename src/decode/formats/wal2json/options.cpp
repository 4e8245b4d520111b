#include "decode/formats/wal2json/options.hpp"

#include "decode/options/option_definition.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace bemi::decode::wal2json {

namespace {

template <Flag flag> void set_flag(Options &options, const Argument &argument) {
    options.flags[static_cast<size_t>(flag)] = parse_bool(argument);
}

/// Sets an option that has no effect in wal2json's format-version 2.
void check_bool(Options &, const Argument &argument) {
    (void)parse_bool(argument);
}

void check_version(Options &, const Argument &argument) {
    if (argument.value.value_or("2") != "2")
        bad_value(argument, {}, "The only valid value is \"2\".");
}

[[noreturn]] void refuse_unchanged_toast(Options &, const Argument &) {
    throw OptionError("option \"include-unchanged-toast\" is not supported", {},
                      "Omit it: unchanged TOAST values are never written.");
}

//
// Lists: elements are separated by commas and contain no blanks, unless a backslash escapes them.
//

constexpr std::string_view blanks = " \t\n\r\v\f";

/// The position of the first of `characters` that is not escaped, or the size of the text.
size_t find_bare(std::string_view text, std::string_view characters) {
    size_t i = 0;
    while (i < text.size() && characters.find(text[i]) == std::string_view::npos)
        i += text[i] == '\\' ? 2 : 1;
    return std::min(i, text.size());
}

bool ends_in_escape(std::string_view element) {
    const size_t last = element.find_last_not_of('\\');
    return (element.size() - 1 - last) % 2 != 0; // also correct if `last` is npos
}

void check_element(const Argument &argument, std::string_view element) {
    if (element.empty())
        bad_value(argument, "The list has an empty element.", {});
    if (find_bare(element, blanks) < element.size())
        bad_value(argument, "There is a blank in \"" + std::string{element} + "\".",
                  "Separate the elements by commas; a backslash escapes a blank in a name.");
    if (ends_in_escape(element))
        bad_value(argument, "A backslash at the end of an element escapes nothing.", {});
}

/// Calls `use` for each element. An option without a value has no elements.
template <typename Use> void for_each_element_of(const Argument &argument, Use &&use) {
    const std::string_view list = argument.value.value_or("");
    if (list.find_first_not_of(blanks) == std::string_view::npos)
        return;
    for_each_element(list, [&](std::string_view element) {
        check_element(argument, element);
        use(element);
    });
}

/// Parses a name. A star alone matches all names; in a longer name it is an ordinary character.
Pattern parse_name(std::string_view name) {
    Pattern pattern;
    if (name == "*") {
        pattern.add_wildcard();
        return pattern;
    }
    for (size_t i = 0; i < name.size(); i++) {
        if (name[i] == '\\')
            i++;
        pattern.add_literal(name[i]);
    }
    return pattern;
}

/// Adds `schema.table`. Only the first dot separates; more dots belong to the name of the table.
void add_table(TableList &tables, const Argument &argument, std::string_view element) {
    const size_t dot = find_bare(element, ".");
    if (dot == element.size())
        bad_value(argument, "Table \"" + std::string{element} + "\" has no schema.",
                  "Give a list such as \"public.todo,audit.*\"; in a name, a backslash escapes a blank, "
                  "quote, comma, dot, star or backslash.");
    tables.add(parse_name(element.substr(0, dot)), parse_name(element.substr(dot + 1)));
}

/// Adds to `list`, or empties it if the option has no value.
template <typename List, typename Add> void extend(List &list, const Argument &argument, Add &&add) {
    if (!argument.value)
        list = {};
    for_each_element_of(argument, add);
}

void add_tables(TableList &tables, const Argument &argument) {
    extend(tables, argument, [&](std::string_view element) { add_table(tables, argument, element); });
}

/// Adds prefixes. Unlike in names, backslashes are part of a prefix.
void add_prefixes(NameList &prefixes, const Argument &argument) {
    extend(prefixes, argument, [&](std::string_view element) {
        Pattern prefix;
        for (const char c : element)
            prefix.add_literal(c);
        prefixes.add(std::move(prefix));
    });
}

uint32_t parse_origin(const Argument &argument, std::string_view element) {
    uint32_t origin = 0;
    const char *const end = element.data() + element.size();
    const auto [stop, error] = std::from_chars(element.data(), end, origin);
    if (error != std::errc{} || stop != end)
        bad_value(argument, {}, "Give a list of ids such as \"1,2\", as in pg_replication_origin.");
    return origin;
}

void add_origins(std::vector<uint32_t> &origins, const Argument &argument) {
    extend(origins, argument,
           [&](std::string_view element) { origins.push_back(parse_origin(argument, element)); });
}

Operation parse_action(const Argument &argument, std::string_view element) {
    constexpr std::array<std::pair<std::string_view, Operation>, 4> actions{{
        {"insert", Operation::create},
        {"update", Operation::update},
        {"delete", Operation::erase},
        {"truncate", Operation::truncate},
    }};
    for (const auto &[name, operation] : actions)
        if (element == name)
            return operation;
    bad_value(argument, {}, "Valid values are lists of \"insert\", \"update\", \"delete\" and \"truncate\".");
}

void set_actions(Options &options, const Argument &argument) {
    if (!argument.value) // as in wal2json, the default stays
        return;
    options.operations = OperationSet::none();
    for_each_element_of(
        argument, [&](std::string_view element) { options.operations.add(parse_action(argument, element)); });
    if (options.format == &version_1_options)
        options.operations.remove(Operation::truncate);
}

/// The options of both versions.
constexpr std::array shared_definitions{
    OptionDefinition{"include-schemas", set_flag<Flag::schemas>},
    OptionDefinition{"include-types", set_flag<Flag::types>},
    OptionDefinition{"numeric-data-types-as-string", set_flag<Flag::numbers_as_strings>},
    OptionDefinition{"add-tables",
                     [](Options &o, const Argument &a) {
                         o.include_all_tables = false;
                         o.include_tables = {};
                         add_tables(o.include_tables, a);
                     }},
    OptionDefinition{"filter-tables", [](Options &o, const Argument &a) { add_tables(o.exclude_tables, a); }},
    OptionDefinition{"add-msg-prefixes", [](Options &o, const Argument &a) { add_prefixes(o.messages, a); }},
    OptionDefinition{"filter-msg-prefixes",
                     [](Options &o, const Argument &a) { add_prefixes(o.exclude_messages, a); }},
    OptionDefinition{"filter-origins",
                     [](Options &o, const Argument &a) { add_origins(o.exclude_origins, a); }},
    OptionDefinition{"actions", set_actions},
};

constexpr std::array version_2_definitions{
    OptionDefinition{"include-transaction",
                     [](Options &o, const Argument &a) { o.transactions = parse_bool(a); }},
    OptionDefinition{"include-xids", set_flag<Flag::xids>},
    OptionDefinition{"include-timestamp", set_flag<Flag::timestamp>},
    OptionDefinition{"include-origin", set_flag<Flag::origin>},
    OptionDefinition{"include-lsn", set_flag<Flag::lsn>},
    OptionDefinition{"include-typmod", check_bool},
    OptionDefinition{"include-type-oids", set_flag<Flag::type_oids>},
    OptionDefinition{"include-domain-data-type", set_flag<Flag::domain_data_type>},
    OptionDefinition{"include-not-null", set_flag<Flag::not_null>},
    OptionDefinition{"include-column-positions", set_flag<Flag::column_positions>},
    OptionDefinition{"include-default", set_flag<Flag::defaults>},
    OptionDefinition{"include-pk", set_flag<Flag::pk>},
    OptionDefinition{"include-unchanged-toast", refuse_unchanged_toast},
    OptionDefinition{"pretty-print", check_bool},
    OptionDefinition{"write-in-chunks", check_bool},
    OptionDefinition{"format-version", check_version},
};

constexpr auto version_2_and_shared_definitions = [] {
    std::array<OptionDefinition, shared_definitions.size() + version_2_definitions.size()> all{};
    std::copy(version_2_definitions.begin(), version_2_definitions.end(),
              std::copy(shared_definitions.begin(), shared_definitions.end(), all.begin()));
    return all;
}();

void set_defaults_of_both(Options &options) {
    options.all_messages = true;
    options.flags[static_cast<size_t>(Flag::schemas)] = true;
    options.flags[static_cast<size_t>(Flag::types)] = true;
}

void set_version_2_defaults(Options &options) {
    set_defaults_of_both(options);
    options.transactions = true;
}

/// Version 1 has no lines for truncations.
void set_version_1_defaults(Options &options) {
    set_defaults_of_both(options);
    options.operations.remove(Operation::truncate);
}

bool implies_version_2(std::string_view option) {
    return option == "format-version";
}

/// A client written for wal2json gives no format. If it gives no format-version either, it expects version 1,
/// which is the default of wal2json.
bool implies_version_1(std::string_view option) {
    return version_2_options.find(option) != nullptr;
}

std::string_view where_version_2_option_valid(std::string_view option) {
    if (version_2_options.find(option) == nullptr)
        return {};
    return "This option is valid only with \"format-version\" 2; the version is 1 if neither \"format\" nor "
           "\"format-version\" is given.";
}

} // namespace

constinit const FormatOptions version_2_options{.name = "wal2json",
                                                .definitions = version_2_and_shared_definitions,
                                                .set_defaults = set_version_2_defaults,
                                                .is_implied_by = implies_version_2};

constinit const FormatOptions version_1_options{.name = "",
                                                .definitions = shared_definitions,
                                                .set_defaults = set_version_1_defaults,
                                                .is_implied_by = implies_version_1,
                                                .where_valid = where_version_2_option_valid};

} // namespace bemi::decode::wal2json
