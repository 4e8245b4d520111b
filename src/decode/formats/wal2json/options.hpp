// The options of format=wal2json: those of wal2json 2.6, read as wal2json reads them. Free of PostgreSQL.
#pragma once

#include "decode/options/options.hpp"

namespace bemi::decode::wal2json {

/// The options of format-version 2, and of version 1, which has no name here: a client gets it that gives
/// options of wal2json's, but neither a format nor a version.
extern const FormatOptions version_2_options;
extern const FormatOptions version_1_options;

/// What a client may want in its lines, or not: wal2json's options without "include-".
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
