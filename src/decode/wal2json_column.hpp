// Columns as format=wal2json describes them: {"name":"id","type":"integer","value":7}
#pragma once

#include "options.hpp"
#include "value.hpp"

namespace bemi::decode {

/// Makes the plan in the current memory context. It depends on more catalogs than one of format=bemi does
/// (see plan_cache.cpp), and on the search_path, of which a reload is noticed only when the plan is made
/// anew.
[[nodiscard]] ColumnPlan plan_wal2json_column(Relation relation, Form_pg_attribute attribute,
                                              const Wal2jsonOptions &options);

/// As format-version 1 describes it, in arrays that several columns share: the key is the name there and the
/// tail the type, each after a comma.
[[nodiscard]] ColumnPlan plan_wal2json_1_column(Form_pg_attribute attribute, const Wal2jsonOptions &options);

/// What a column is without its value, as in a list of a key's columns, but for the closing brace.
[[nodiscard]] std::string_view without_value(const ColumnPlan &column);

} // namespace bemi::decode
