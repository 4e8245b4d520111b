#include "decode/options/option_definition.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace bemi::decode {

namespace {

using Formats = std::span<const FormatOptions *const>;

/// Parses a number of bytes. The maximum leaves almost all of the 1 GB limit of a string to a single line.
size_t parse_batch_size(const Argument &argument) {
    constexpr size_t max_size = 1024 * 1024;
    const std::string_view text = value_of(argument);
    const char *end = text.data() + text.size();
    size_t size = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, size);
    if (error == std::errc{} && stop == end && size <= max_size)
        return size;
    bad_value(argument, {}, "Valid values are between 0 and 1048576 bytes.");
}

/// The options of every format.
constexpr std::array common_definitions{
    OptionDefinition{"format", [](Options &, const Argument &) { /* chosen_format() has read it */ }},
    OptionDefinition{"tracked-only", [](Options &o, const Argument &a) { o.tracked_only = parse_bool(a); }},
    OptionDefinition{"batch-size", [](Options &o, const Argument &a) { o.batch_size = parse_batch_size(a); }},
};

const OptionDefinition *find_definition(std::span<const OptionDefinition> definitions,
                                        std::string_view name) noexcept {
    const auto found = std::find_if(definitions.begin(), definitions.end(),
                                    [name](const OptionDefinition &d) { return d.name == name; });
    return found == definitions.end() ? nullptr : &*found;
}

std::string client_format_names(Formats formats) {
    std::string names;
    for (const FormatOptions *format : formats)
        if (!format->name.empty() && !format->is_internal)
            names.append(", ").append(format->name);
    return names.substr(2);
}

const FormatOptions *parse_format(const Argument &argument, Formats formats) {
    const std::string_view name = value_of(argument);
    for (const FormatOptions *format : formats)
        if (!name.empty() && format->name == name && (!format->is_internal || argument.is_internal))
            return format;
    bad_value(argument, {}, "Valid values are: " + client_format_names(formats) + '.');
}

/// The format of a client that does not give the option "format".
const FormatOptions *implied_format(std::span<const Argument> arguments, Formats formats) {
    for (const FormatOptions *format : formats)
        for (const Argument &argument : arguments)
            if (format->is_implied_by != nullptr && format->is_implied_by(argument.name))
                return format;
    return formats.front();
}

/// The format that the last option "format" names, or the one that other options imply.
const FormatOptions *chosen_format(std::span<const Argument> arguments, Formats formats) {
    const FormatOptions *given = nullptr;
    for (const Argument &argument : arguments)
        if (argument.name == "format")
            given = parse_format(argument, formats);
    return given != nullptr ? given : implied_format(arguments, formats);
}

std::string names_of(std::span<const OptionDefinition> definitions) {
    std::string names;
    for (const OptionDefinition &definition : definitions)
        names.append(", ").append(definition.name);
    return names;
}

/// A sentence about the format in which the option is valid; empty if there is no such format.
std::string where_valid(std::string_view name, const FormatOptions &format, Formats formats) {
    if (format.where_valid != nullptr && !format.where_valid(name).empty())
        return std::string{format.where_valid(name)};
    for (const FormatOptions *other : formats)
        if (!other->name.empty() && other->find(name) != nullptr)
            return "This option is valid only with format \"" + std::string{other->name} + "\".";
    return "";
}

[[noreturn]] void unknown_option(std::string_view name, const FormatOptions &format, Formats formats) {
    throw OptionError("unrecognized option \"" + std::string{name} + "\" of output plugin \"bemi\"",
                      where_valid(name, format, formats),
                      "Valid options are: " +
                          names_of(common_definitions).append(names_of(format.definitions)).substr(2) + '.');
}

const OptionDefinition &definition_of(std::string_view name, const FormatOptions &format, Formats formats) {
    const OptionDefinition *definition = find_definition(common_definitions, name);
    if (definition == nullptr)
        definition = format.find(name);
    if (definition == nullptr)
        unknown_option(name, format, formats);
    return *definition;
}

} // namespace

const OptionDefinition *FormatOptions::find(std::string_view option) const noexcept {
    return find_definition(definitions, option);
}

Options parse_options(std::span<const Argument> arguments, Formats formats) {
    Options options;
    options.format = chosen_format(arguments, formats);
    if (options.format->set_defaults != nullptr)
        options.format->set_defaults(options);
    for (const Argument &argument : arguments)
        definition_of(argument.name, *options.format, formats).set(options, argument);
    return options;
}

} // namespace bemi::decode
