// The options of wal2json 2.6, parsed as wal2json parses them. This file does not include PostgreSQL.
#pragma once

#include "decode/options/options.hpp"

namespace bemi::decode::wal2json {

/// The options of format-version 2 and of version 1. Version 1 has no name: a client gets it by giving
/// options of wal2json, but neither "format" nor "format-version".
extern const FormatOptions version_2_options;
extern const FormatOptions version_1_options;

/// What a client may include in its lines: wal2json's boolean options, without "include-".
enum class Flag : uint8_t {
    xids,
    timestamp,
    origin,
    lsn,
    schemas,
    types,
    type_oids,
    domain_data_type, // instead of the domain
    not_null,
    column_positions,
    defaults,
    pk,
    numbers_as_strings,
};

[[nodiscard]] inline bool is_set(const Options &options, Flag flag) {
    return options.flags[static_cast<size_t>(flag)];
}

} // namespace bemi::decode::wal2json
