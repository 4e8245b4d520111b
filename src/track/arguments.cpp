#include "track/arguments.hpp"

#include "base/boundary.hpp"
#include "base/text.hpp"
#include "track/column_rules.hpp"
#include "track/retention.hpp"

namespace bemi::track {
namespace {

/// Appends an argument to a list of String nodes.
struct AppendTo {
    List **list;

    void operator()(std::string_view key, std::string_view value, std::string_view rest) const {
        *list = lappend(*list, makeString(psprintf("%.*s=%.*s%.*s", size_of(key), key.data(), size_of(value),
                                                   value.data(), size_of(rest), rest.data())));
    }
};

Datum text_datum(std::string_view text) {
    return PointerGetDatum(cstring_to_text_with_len(text.data(), size_of(text)));
}

/// Appends the argument for users to read. It may be invalid in the database's encoding: SQL_ASCII allows
/// that, and so does an UPDATE of the catalog.
void append_shown(StringInfo out, std::string_view argument) {
    constexpr int max_shown = 60;
    const bool no_error = true;
    if (!pg_verifymbstr(argument.data(), size_of(argument), no_error))
        return appendStringInfoString(out, "one in another encoding");
    const int shown = pg_mbcliplen(argument.data(), size_of(argument), max_shown);
    appendStringInfo(out, "\"%.*s%s\"", shown, argument.data(), shown < size_of(argument) ? "..." : "");
}

/// Lists the invalid arguments, the first ones in full; NULL if all are valid.
const char *describe_unknown(const bytea *arguments) {
    constexpr int max_named = 3;
    TrackingOptions options;
    StringInfoData out;
    int count = 0;

    initStringInfo(&out);
    for_each_argument(view_of(arguments), [&](std::string_view argument) {
        if (take_argument(options, argument) || ++count > max_named)
            return;
        appendStringInfoString(&out, count > 1 ? ", " : "");
        append_shown(&out, argument);
    });
    if (count > max_named)
        appendStringInfo(&out, " and %d more", count - max_named);
    return count == 0 ? nullptr : out.data;
}

} // namespace

TrackingOptions read_arguments(const bytea *arguments) {
    TrackingOptions options;
    for_each_argument(view_of(arguments),
                      [&options](std::string_view argument) { (void)take_argument(options, argument); });
    options.chosen.column_rules = column_rules::replaced(view_of(arguments), {});
    return options;
}

List *list_arguments(const TrackingOptions &options) {
    List *list = NIL;
    write_arguments(options, AppendTo{&list});
    return list;
}

List *list_requirement(const TrackingOptions &options) {
    List *list = NIL;
    write_requirement(options, AppendTo{&list});
    return list;
}

/// bemi.tracking_options(): the options of a table and its invalid arguments, for the views.
BEMI_FUNCTION(bemi_tracking_options) {
    TupleDesc descriptor;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    const bytea *arguments = PG_GETARG_BYTEA_PP(0);
    const TrackingOptions options = read_arguments(arguments);
    const char *unknown = describe_unknown(arguments);

    const std::string_view rules = options.chosen.column_rules;
    Datum values[] = {text_datum(level_name(options.chosen.level)),
                      BoolGetDatum(options.by_schema),
                      unknown == nullptr ? Datum(0) : CStringGetTextDatum(unknown),
                      text_datum(requirement_name(options.chosen.require_context)),
                      column_rules::to_array(rules, ColumnRule::ignore),
                      column_rules::to_array(rules, ColumnRule::exclude),
                      column_rules::to_array(rules, ColumnRule::redact),
                      BoolGetDatum(options.chosen.skip_unchanged),
                      retention::to_interval(options.chosen.retention)};
    bool nulls[std::size(values)] = {false, false, unknown == nullptr};
    nulls[std::size(values) - 1] = options.chosen.retention.empty();
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}

/// bemi.matches_column(): whether a rule with this pattern is about a column with this name.
BEMI_FUNCTION(bemi_matches_column) {
    const ColumnPattern rule{ColumnRule::ignore, view_of(PG_GETARG_TEXT_PP(0))};
    PG_RETURN_BOOL(rule.matches(view_of(PG_GETARG_TEXT_PP(1))));
}

} // namespace bemi::track
