// The options of the output plugin. Free of PostgreSQL.
#pragma once

#include "filter.hpp"
#include "operation.hpp"

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bemi::decode {

/// What a client of format=wal2json may want in its lines, or not. The names are those of wal2json's options
/// without "include-".
struct Wal2jsonOptions {
    bool xids = false;
    bool timestamp = false;
    bool origin = false;
    bool lsn = false;
    bool schemas = true;
    bool types = true;
    bool type_oids = false;
    bool domain_data_type = false; // instead of the domain
    bool not_null = false;
    bool column_positions = false;
    bool defaults = false;
    bool pk = false;
    bool numbers_as_strings = false;
};

/// What a client may ask for.
struct Options {
    enum class Format : uint8_t { bemi, wal2json, wal2json_1 };

    Format format = Format::bemi;
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
    Wal2jsonOptions wal2json;

    [[nodiscard]] bool wants_table(std::string_view schema, std::string_view table) const noexcept {
        return (include_tables.empty() ? include_all_tables : include_tables.matches(schema, table)) &&
               !exclude_tables.matches(schema, table);
    }

    [[nodiscard]] bool wants_message(std::string_view prefix) const noexcept {
        return (messages.empty() ? all_messages : messages.matches(prefix)) &&
               !exclude_messages.matches(prefix);
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

/// Throws OptionError. Which options there are, and what they mean, depends on the format. Of one that is
/// given several times the last one wins, except that wal2json's lists add up.
[[nodiscard]] Options parse_options(std::span<const Argument> arguments);

} // namespace bemi::decode
