// The options of the output plugin. This file does not include PostgreSQL.
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

/// The options of a session, parsed.
struct Options {
    const FormatOptions *format = nullptr;
    std::bitset<16> flags; // the format defines their meaning
    TableList include_tables;
    bool include_all_tables = true; // if include_tables is empty
    TableList exclude_tables;
    OperationSet operations = OperationSet::all();
    bool tracked_only = false;
    bool transactions = false;
    bool stream = false;
    bool two_phase = false;
    NameList messages;
    bool all_messages = false; // if messages is empty
    NameList exclude_messages;
    std::vector<uint32_t> exclude_origins;
    size_t batch_size = 0; // bytes; 0: every line is sent in a write of its own

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
    bool is_internal = false; // given by bemi's own worker, which has options that no client has
};

struct OptionDefinition {
    std::string_view name;
    void (*set)(Options &options, const Argument &argument);
};

/// The options of a format besides those of all formats, and its defaults.
struct FormatOptions {
    std::string_view name; // the value of the option "format"; empty if only other options imply the format
    bool is_internal = false; // only for bemi's own worker
    std::span<const OptionDefinition> definitions;
    void (*set_defaults)(Options &options) = nullptr;

    /// Whether a client that gives `option`, but no format, gets this format.
    bool (*is_implied_by)(std::string_view option) = nullptr;
    /// A sentence about where `option`, which this format does not have, is valid; empty if not known.
    std::string_view (*where_valid)(std::string_view option) = nullptr;

    /// The definition of the option, NULL if the format does not have it.
    [[nodiscard]] const OptionDefinition *find(std::string_view option) const noexcept;
};

/// An option is not known or its value is not valid. what() is the primary message.
struct OptionError : std::runtime_error {
    OptionError(const std::string &message, std::string detail, std::string hint)
        : std::runtime_error{message}, detail{std::move(detail)}, hint{std::move(hint)} {}

    std::string detail; // may be empty
    std::string hint;   // may be empty
};

/// Parses the options that a client gave; throws OptionError. The format decides which options are valid; the
/// first of `formats` is the default. If an option is given several times, the last one wins, unless the
/// format collects their values.
[[nodiscard]] Options parse_options(std::span<const Argument> arguments,
                                    std::span<const FormatOptions *const> formats);

} // namespace bemi::decode
