// Rules for columns: from and to text[], by which users give and see them, and whether they make sense for
// tables. Several rules together are arguments as in ChosenOptions::column_rules.
#pragma once

#include "base/column_rules.hpp"
#include "base/compat.hpp"

namespace bemi::track::column_rules {

/// The rules for each of the patterns, in the current memory context. ERROR if the array has nulls, empty
/// patterns, or more patterns than a trigger can have.
[[nodiscard]] std::string_view from_array(ColumnRule rule, ArrayType *patterns);

/// The patterns of one kind of rules, as text[].
[[nodiscard]] Datum to_array(std::string_view rules, ColumnRule rule);

/// The rules that are given by kind; nothing for those that are not given.
using Given = std::optional<std::string_view>[std::size(all_column_rules)];

/// The rules with those of the given kinds replaced, in the current memory context.
[[nodiscard]] std::string_view replaced(std::string_view rules, const Given &given);

/// What the rules of a schema are for one of its tables. There a pattern may be `table.column`, where `*` may
/// stand in the name of the table too.
[[nodiscard]] std::string_view of_table(std::string_view rules, const char *table);

/// ERROR if a pattern matches no column of the tables, or one of a primary key.
void require_sense(List *tables, std::string_view rules);
/// The same for the tables of a schema. An empty schema can have all patterns, since tables may still come.
void require_sense_in_schema(const char *schema, List *tables, std::string_view rules);

} // namespace bemi::track::column_rules
