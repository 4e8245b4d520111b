// The options of the output plugin. Free of PostgreSQL.
#pragma once

#include "filter.hpp"
#include "operation.hpp"

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bemi::decode {

/// What a client may ask for.
struct Options {
    enum class Format : uint8_t { bemi };

    Format format = Format::bemi;
    TableList include_tables;
    TableList exclude_tables;
    OperationSet operations = OperationSet::all();
    bool tracked_only = false;
    bool transactions = false;
    NameList messages;
    size_t batch_size = 0; // bytes; 0: every line is a write of its own

    [[nodiscard]] bool wants_table(std::string_view schema, std::string_view table) const noexcept {
        return (include_tables.empty() || include_tables.matches(schema, table)) &&
               !exclude_tables.matches(schema, table);
    }
};

/// One option as the client gave it.
struct Argument {
    std::string_view name;
    std::optional<std::string_view> value;
};

/// An option that is not known or has a bad value. what() is the message.
struct OptionError : std::runtime_error {
    OptionError(const std::string &message, std::string detail, std::string hint)
        : std::runtime_error{message}, detail{std::move(detail)}, hint{std::move(hint)} {}

    std::string detail; // may be empty
    std::string hint;   // may be empty
};

/// Throws OptionError. Of an option that is given several times the last one wins.
[[nodiscard]] Options parse_options(std::span<const Argument> arguments);

} // namespace bemi::decode
