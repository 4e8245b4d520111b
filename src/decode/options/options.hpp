// The options of the output plugin. Free of PostgreSQL.
#pragma once

#include "decode/options/filter.hpp"
#include "decode/options/operation.hpp"

#include <bitset>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bemi::decode {

struct FormatOptions;

/// What a client may ask for.
struct Options {
    const FormatOptions *format = nullptr;
    std::bitset<16> flags; // what each of them means is the format's own affair
    TableList include_tables;
    bool include_all_tables = true; // if the list is empty
    TableList exclude_tables;
    OperationSet operations = OperationSet::all();
    bool tracked_only = false;
    bool transactions = false;
    bool stream = false;
    bool two_phase = false;
    NameList messages;
    bool all_messages = false; // if the list is empty
    NameList exclude_messages;
    std::vector<uint32_t> exclude_origins;
    size_t batch_size = 0; // bytes; 0: every line is a write of its own

    [[nodiscard]] bool includes_table(std::string_view schema, std::string_view table) const noexcept {
        return (include_tables.empty() ? include_all_tables : include_tables.matches(schema, table)) &&
               !exclude_tables.matches(schema, table);
    }

    [[nodiscard]] bool includes_message(std::string_view prefix) const noexcept {
        return (messages.empty() ? all_messages : messages.matches(prefix)) &&
               !exclude_messages.matches(prefix);
    }
};

/// One option as the client gave it.
struct Argument {
    std::string_view name;
    std::optional<std::string_view> value;
    bool is_internal = false; // given by bemi's own worker, which may ask for what no client may
};

struct OptionDefinition {
    std::string_view name;
    void (*set)(Options &options, const Argument &argument);
};

/// The options of a format: those that it has beside the ones of all formats, and their defaults.
struct FormatOptions {
    std::string_view name; // the value of option "format"; empty if the format is never asked for by name
    bool is_internal = false;
    std::span<const OptionDefinition> definitions;
    void (*set_defaults)(Options &options) = nullptr;

    /// Whether a client that gives this option, but no format, means this one.
    bool (*is_implied_by)(std::string_view option) = nullptr;
    /// Says where else an option is known that this format does not have; empty if nowhere.
    std::string_view (*where_valid)(std::string_view option) = nullptr;

    [[nodiscard]] const OptionDefinition *find(std::string_view option) const noexcept;
};

/// An option that is not known or has a bad value. what() is the message.
struct OptionError : std::runtime_error {
    OptionError(const std::string &message, std::string detail, std::string hint)
        : std::runtime_error{message}, detail{std::move(detail)}, hint{std::move(hint)} {}

    std::string detail; // may be empty
    std::string hint;   // may be empty
};

/// Throws OptionError. Which options there are, and what they mean, depends on the format, the first of
/// `formats` if the client says nothing of it. Of an option that is given several times the last one wins,
/// unless the format adds them up.
[[nodiscard]] Options parse_options(std::span<const Argument> arguments,
                                    std::span<const FormatOptions *const> formats);

} // namespace bemi::decode
