#include "track/steps.hpp"

#include "base/names.hpp"
#include "track/relation.hpp"
#include "track/schema.hpp"
#include "track/schema_rules.hpp"

namespace bemi::track::steps {
namespace {

ArrayBuildState *add(ArrayBuildState *steps, const char *command) {
    return accumArrayResult(steps, CStringGetTextDatum(command), false, TEXTOID, CurrentMemoryContext);
}

ArrayBuildState *begin() {
    return initArrayResult(TEXTOID, CurrentMemoryContext, false);
}

const char *literal(std::string_view name) {
    return psprintf("'%.*s'", static_cast<int>(name.size()), name.data());
}

const char *retention_literal(std::string_view retention) {
    return retention.empty() ? "'0'" : literal(retention);
}

const char *rules_literal(const GivenOptions &given, ColumnRule rule) {
    const std::optional<std::string_view> &rules = given.rules[static_cast<size_t>(rule)];
    return rules
               ? quote_literal_cstr(OidOutputFunctionCall(F_ARRAY_OUT, column_rules::to_array(*rules, rule)))
               : "NULL";
}

/// The given options as arguments of a function, after others.
const char *arguments(const GivenOptions &given) {
    StringInfoData list;
    initStringInfo(&list);
    appendStringInfo(&list, "%s, %s", given.level ? literal(level_name(*given.level)) : "NULL",
                     given.require_context ? literal(requirement_name(*given.require_context)) : "NULL");
    for (const ColumnRule rule : all_column_rules)
        appendStringInfo(&list, ", %s", rules_literal(given, rule));
    appendStringInfo(&list, ", %s",
                     given.skip_unchanged ? (*given.skip_unchanged ? "true" : "false") : "NULL");
    appendStringInfo(&list, ", %s", given.retention ? retention_literal(*given.retention) : "NULL");
    return list.data;
}

bool changes(const GivenOptions &given, const ChosenOptions &rule) {
    ChosenOptions changed = rule;
    given.apply_to(changed);
    return changed != rule;
}

const char *table_literal(Oid table) {
    return quote_literal_cstr(names::qualified(table));
}

const char *schema_literal(Oid schema) {
    return quote_literal_cstr(quote_identifier(get_namespace_name(schema)));
}

} // namespace

Datum to_track(Oid schema, const GivenOptions &given) {
    ArrayBuildState *steps = begin();
    List *tables = schema::tables_to_track(schema, given);
    for (int i = 0; i < list_length(tables); i++)
        steps = add(steps, psprintf("SELECT bemi.track_by_schema(%s, %s)",
                                    table_literal(list_nth_oid(tables, i)), arguments(given)));
    ChosenOptions rule;
    if (!schema_rules::find(schema, &rule) || changes(given, rule))
        steps =
            add(steps, psprintf("SELECT bemi.set_rule(%s, %s)", schema_literal(schema), arguments(given)));
    return makeArrayResult(steps, CurrentMemoryContext);
}

Datum to_untrack(Oid schema) {
    ArrayBuildState *steps = begin();
    ChosenOptions rule;
    if (schema_rules::find(schema, &rule))
        steps = add(steps, psprintf("SELECT bemi.remove_rule(%s)", schema_literal(schema)));
    List *tables = schema::tables_to_untrack(schema);
    for (int i = 0; i < list_length(tables); i++)
        steps = add(steps, psprintf("SELECT bemi.untrack(%s)", table_literal(list_nth_oid(tables, i))));
    return makeArrayResult(steps, CurrentMemoryContext);
}

} // namespace bemi::track::steps
