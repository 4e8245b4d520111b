// Columns as format=wal2json describes them: {"name":"id","type":"integer","value":7}
#pragma once

#include "decode/format.hpp"
#include "decode/formats/wal2json/options.hpp"

namespace bemi::decode::wal2json {

/// Makes the writer in the current memory context. It depends on more catalogs than one of format=bemi does
/// (see dependencies_of), and on the search_path, of which a reload is noticed only when the writer is made
/// anew.
[[nodiscard]] ColumnWriter make_version_2_column(Relation relation, Form_pg_attribute attribute,
                                                 const Options &options);

/// As format-version 1 describes it, in arrays that several columns share: the key is the name there and the
/// tail the type, each after a comma.
[[nodiscard]] ColumnWriter make_version_1_column(Relation relation, Form_pg_attribute attribute,
                                                 const Options &options);

// What both versions have of the rest of a writer.
[[nodiscard]] std::string_view names_of(const RelationEntry &writer, const Options &options);
/// As wal2json shows the primary key: in the order of the columns, and not if it is deferrable.
[[nodiscard]] std::span<ColumnWriter> primary_key_columns(Relation relation, std::span<ColumnWriter> columns);
[[nodiscard]] Dependencies dependencies_of(const Options &options);

/// What a column is without its value, as in a list of a key's columns, but for the closing brace.
[[nodiscard]] std::string_view without_value(const ColumnWriter &column);

} // namespace bemi::decode::wal2json
