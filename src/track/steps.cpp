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

const char *level_literal(std::optional<Level> level) {
    if (!level)
        return "NULL";
    const std::string_view name = level_name(*level);
    return psprintf("'%.*s'", static_cast<int>(name.size()), name.data());
}

const char *table_literal(Oid table) {
    return quote_literal_cstr(names::qualified(table));
}

const char *schema_literal(Oid schema) {
    return quote_literal_cstr(quote_identifier(get_namespace_name(schema)));
}

} // namespace

Datum to_track(Oid schema, std::optional<Level> level) {
    ArrayBuildState *steps = begin();
    List *tables = schema::tables_to_track(schema, level);
    for (int i = 0; i < list_length(tables); i++)
        steps = add(steps, psprintf("SELECT bemi.track_by_schema(%s, %s)",
                                    table_literal(list_nth_oid(tables, i)), level_literal(level)));
    Level rule;
    if (!schema_rules::find(schema, &rule) || (level && *level != rule))
        steps = add(steps,
                    psprintf("SELECT bemi.set_rule(%s, %s)", schema_literal(schema), level_literal(level)));
    return makeArrayResult(steps, CurrentMemoryContext);
}

Datum to_untrack(Oid schema) {
    ArrayBuildState *steps = begin();
    Level rule;
    if (schema_rules::find(schema, &rule))
        steps = add(steps, psprintf("SELECT bemi.remove_rule(%s)", schema_literal(schema)));
    List *tables = schema::tables_to_untrack(schema);
    for (int i = 0; i < list_length(tables); i++)
        steps = add(steps, psprintf("SELECT bemi.untrack(%s)", table_literal(list_nth_oid(tables, i))));
    return makeArrayResult(steps, CurrentMemoryContext);
}

} // namespace bemi::track::steps
