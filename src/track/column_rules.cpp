#include "track/column_rules.hpp"

#include "base/names.hpp"
#include "base/spi.hpp"
#include "base/text.hpp"

namespace bemi::track::column_rules {
namespace {

void append(StringInfo rules, ColumnRule rule, std::string_view pattern) {
    const std::string_view name = column_rule_name(rule);
    appendBinaryStringInfo(rules, name.data(), size_of(name));
    appendStringInfoChar(rules, '=');
    appendBinaryStringInfo(rules, pattern.data(), size_of(pattern));
    appendStringInfoChar(rules, '\0');
}

const char *argument_name(ColumnRule rule) {
    return psprintf("%s_columns", column_rule_name(rule).data());
}

/// The elements, none of which is null or empty.
std::span<Datum> elements_of(ArrayType *patterns, const char *argument) {
    constexpr int max_patterns = 10000; // a trigger can have 32,767 arguments
    Datum *elements;
    int count;
    if (ARR_NDIM(patterns) > 1 || array_contains_nulls(patterns))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("\"%s\" must be a one-dimensional array without nulls", argument)));
    deconstruct_array(patterns, TEXTOID, -1, false, TYPALIGN_INT, &elements, nullptr, &count);
    if (count > max_patterns)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("\"%s\" has more than %d patterns", argument, max_patterns)));
    return {elements, static_cast<size_t>(count)};
}

/// Calls `use` for each pattern that one of a schema's is for a table. Names may contain dots as well: each
/// dot is tried as that between the names of table and column.
template <typename Use>
void for_each_pattern_of_table(const ColumnPattern &pattern, const char *table, Use &&use) {
    size_t dot = pattern.pattern.find('.');
    if (dot == std::string_view::npos)
        return use(pattern);
    for (; dot != std::string_view::npos; dot = pattern.pattern.find('.', dot + 1)) {
        const std::string_view column = pattern.pattern.substr(dot + 1);
        if (!column.empty() && matches_wildcards(pattern.pattern.substr(0, dot), table, '*'))
            use(ColumnPattern{pattern.rule, column});
    }
}

} // namespace

std::string_view from_array(ColumnRule rule, ArrayType *patterns) {
    StringInfoData rules;
    initStringInfo(&rules);
    for (const Datum element : elements_of(patterns, argument_name(rule))) {
        const std::string_view pattern = view_of(DatumGetTextPP(element));
        if (pattern.empty())
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("\"%s\" has an empty pattern", argument_name(rule))));
        append(&rules, rule, pattern);
    }
    return view_of(rules);
}

Datum to_array(std::string_view rules, ColumnRule rule) {
    ArrayBuildState *patterns = initArrayResult(TEXTOID, CurrentMemoryContext, false);
    for_each_column_pattern(rules, [&](const ColumnPattern &one) {
        if (one.rule == rule)
            patterns = accumArrayResult(
                patterns, PointerGetDatum(cstring_to_text_with_len(one.pattern.data(), size_of(one.pattern))),
                false, TEXTOID, CurrentMemoryContext);
    });
    return makeArrayResult(patterns, CurrentMemoryContext);
}

std::string_view replaced(std::string_view rules, const Given &given) {
    StringInfoData result;
    initStringInfo(&result);
    for (const ColumnRule rule : all_column_rules)
        for_each_column_pattern(given[static_cast<size_t>(rule)].value_or(rules),
                                [&](const ColumnPattern &one) {
                                    if (one.rule == rule)
                                        append(&result, rule, one.pattern);
                                });
    return view_of(result);
}

std::string_view of_table(std::string_view rules, const char *table) {
    StringInfoData result;
    initStringInfo(&result);
    for_each_column_pattern(rules, [&](const ColumnPattern &pattern) {
        for_each_pattern_of_table(pattern, table,
                                  [&](const ColumnPattern &own) { append(&result, own.rule, own.pattern); });
    });
    return view_of(result);
}

namespace {

struct Column {
    Oid relation;
    const char *table;
    const char *name;
    bool is_in_key; // the primary one
};

// The catalogs are read without locks: a table that is in use must not keep others from being tracked.
constexpr char columns_sql[] =
    "SELECT a.attrelid, c.relname, a.attname, EXISTS (SELECT FROM pg_index i"
    "  WHERE i.indrelid = a.attrelid AND i.indisprimary"
    "   AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))"
    " FROM unnest($1::oid[]) WITH ORDINALITY AS t (oid, number) JOIN pg_class c ON c.oid = t.oid"
    " JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY t.number, a.attnum";

/// A row of the latest result.
Column column_at(uint64 row, MemoryContext memory) {
    const auto name_in = [=](int column) {
        return MemoryContextStrdup(memory, NameStr(*DatumGetName(spi::value(column, row))));
    };
    return {.relation = DatumGetObjectId(spi::value(1, row)),
            .table = name_in(2),
            .name = name_in(3),
            .is_in_key = DatumGetBool(spi::value(4, row))};
}

/// The columns of the tables, table by table.
std::span<Column> columns_of(List *tables) {
    MemoryContext memory = CurrentMemoryContext;
    ArrayBuildState *oids = initArrayResult(OIDOID, memory, false);
    std::span<Column> columns;
    for (int i = 0; i < list_length(tables); i++)
        oids = accumArrayResult(oids, ObjectIdGetDatum(list_nth_oid(tables, i)), false, OIDOID, memory);
    const Datum array = makeArrayResult(oids, memory);
    spi::connected([&] {
        spi::run(columns_sql, {{OIDARRAYOID, array}});
        auto *all = static_cast<Column *>(MemoryContextAlloc(memory, sizeof(Column) * (SPI_processed + 1)));
        for (uint64 i = 0; i < SPI_processed; i++)
            all[i] = column_at(i, memory);
        columns = {all, SPI_processed};
    });
    return columns;
}

/// Whether the pattern matches the column. ERROR if that belongs to the primary key.
bool matches(const ColumnPattern &pattern, const Column &column) {
    if (!pattern.matches(column.name))
        return false;
    if (column.is_in_key)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("cannot %s column \"%s\" of table \"%s\"", column_rule_name(pattern.rule).data(),
                        column.name, names::unquoted(column.relation)),
                 errdetail("It belongs to the primary key, by which a change names its row."),
                 errhint("Use patterns for \"%s\" that do not match it.", argument_name(pattern.rule))));
    return true;
}

/// The same for a rule of the column's schema, whose pattern may be table.column.
bool matches_by_schema(const ColumnPattern &pattern, const Column &column) {
    bool found = false;
    for_each_pattern_of_table(pattern, column.table,
                              [&](const ColumnPattern &own) { found |= matches(own, column); });
    return found;
}

template <typename Matches>
void require_match(std::string_view rules, std::span<const Column> columns, const char *where,
                   Matches &&matches) {
    for_each_column_pattern(rules, [&](const ColumnPattern &pattern) {
        bool found = false;
        for (const Column &column : columns)
            found |= matches(pattern, column);
        if (!found)
            ereport(
                ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("pattern \"%.*s\" of \"%s\" matches no column of %s", size_of(pattern.pattern),
                        pattern.pattern.data(), argument_name(pattern.rule), where),
                 errhint(
                     "Names are compared as they are stored, upper and lower case too; \"*\" stands for any "
                     "characters.")));
    });
}

} // namespace

void require_sense(List *tables, std::string_view rules) {
    require_match(rules, columns_of(tables), psprintf("table \"%s\"", names::unquoted(linitial_oid(tables))),
                  matches);
}

void require_sense_in_schema(const char *schema, List *tables, std::string_view rules) {
    if (tables != NIL)
        require_match(rules, columns_of(tables), psprintf("the tables of schema \"%s\"", schema),
                      matches_by_schema);
}

} // namespace bemi::track::column_rules
