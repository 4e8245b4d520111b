// Writes columns as wal2json does: {"name":"id","type":"integer","value":7}
#pragma once

#include "decode/format.hpp"
#include "decode/formats/wal2json/options.hpp"

namespace bemi::decode::wal2json {

/// Makes the writer in the current memory context. It depends on more catalogs than a writer of format=bemi
/// (see dependencies_of), and on search_path: a new value takes effect when the relation entry is built
/// again.
[[nodiscard]] ColumnWriter make_version_2_column(Relation relation, Form_pg_attribute attribute,
                                                 const Options &options);

/// Makes the writer for format-version 1, whose arrays have an element for each column: the key is a comma
/// and the column's name, the tail a comma and its type.
[[nodiscard]] ColumnWriter make_version_1_column(Relation relation, Form_pg_attribute attribute,
                                                 const Options &options);

// Functions of a Format that both versions have.
[[nodiscard]] std::string_view names_of(const RelationEntry &entry, const Options &options);
/// The columns of the primary key in the order of the table, as wal2json writes them; empty if the key is
/// deferrable.
[[nodiscard]] std::span<ColumnWriter> primary_key_columns(Relation relation, std::span<ColumnWriter> columns);
[[nodiscard]] Dependencies dependencies_of(const Options &options);

/// The column without its value, as in the list of the key's columns, and without the closing brace.
[[nodiscard]] std::string_view without_value(const ColumnWriter &column);

} // namespace bemi::decode::wal2json
