// The functions of tracking that SQL calls.
#include "base/boundary.hpp"
#include "track/baseline.hpp"
#include "track/catalog.hpp"
#include "track/retention.hpp"
#include "track/schema.hpp"
#include "track/steps.hpp"
#include "track/tracking.hpp"

namespace bemi::track {
namespace {

const char *text_argument(FunctionCallInfo fcinfo, int number) {
    return text_to_cstring(PG_GETARG_TEXT_PP(number));
}

/// The rules for columns, skip_unchanged and retention, which are arguments from number `first` on.
void take_rules(GivenOptions &given, FunctionCallInfo fcinfo, int first) {
    const int skip_unchanged = first + static_cast<int>(std::size(all_column_rules));
    if (PG_NARGS() <= skip_unchanged)
        return;
    for (const ColumnRule rule : all_column_rules)
        if (const int i = static_cast<int>(rule); !PG_ARGISNULL(first + i))
            given.rules[i] = column_rules::from_array(rule, PG_GETARG_ARRAYTYPE_P(first + i));
    if (!PG_ARGISNULL(skip_unchanged))
        given.skip_unchanged = PG_GETARG_BOOL(skip_unchanged);
    const int number = skip_unchanged + 1;
    if (PG_NARGS() > number && !PG_ARGISNULL(number))
        given.retention = retention::from_interval(*PG_GETARG_INTERVAL_P(number));
}

/// The options that a function has as its arguments after the first one. An older script of the extension
/// made it with fewer.
GivenOptions given_options(FunctionCallInfo fcinfo, int first_rule) {
    GivenOptions given;
    if (!PG_ARGISNULL(1))
        given.level = level_named(text_argument(fcinfo, 1));
    if (PG_NARGS() > 2 && !PG_ARGISNULL(2))
        given.require_context = requirement_named(text_argument(fcinfo, 2));
    take_rules(given, fcinfo, first_rule);
    return given;
}

// Where the rules for columns begin among the arguments: of the functions that users call, after `baseline`.
constexpr int rules_after_baseline = 4;
constexpr int rules_after_requirement = 3;

/// Whether the function is to have the present rows stored too.
bool wants_baseline(FunctionCallInfo fcinfo) {
    return PG_NARGS() > 3 && !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
}

} // namespace

BEMI_FUNCTION(bemi_track) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    tracking::track(PG_GETARG_OID(0), given_options(fcinfo, rules_after_baseline));
    if (wants_baseline(fcinfo))
        baseline::request(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_baseline) {
    baseline::request(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_untrack) {
    tracking::untrack(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_track_schema) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    schema::track(PG_GETARG_OID(0), given_options(fcinfo, rules_after_baseline));
    if (wants_baseline(fcinfo))
        schema::request_baselines(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_untrack_schema) {
    schema::untrack(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

// The functions below serve the procedures that track each table in a transaction of its own, and the views.

BEMI_FUNCTION(bemi_steps_to_track) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    return steps::to_track(PG_GETARG_OID(0), given_options(fcinfo, rules_after_requirement));
}

BEMI_FUNCTION(bemi_steps_to_untrack) {
    return steps::to_untrack(PG_GETARG_OID(0));
}

BEMI_FUNCTION(bemi_track_by_schema) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    schema::track_table(PG_GETARG_OID(0), given_options(fcinfo, rules_after_requirement));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_set_rule) {
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    schema::set_rule(PG_GETARG_OID(0), given_options(fcinfo, rules_after_requirement));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_remove_rule) {
    schema::remove_rule(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_tracked_with) {
    const Oid root = catalog::root_of(PG_GETARG_OID(0));
    if (!OidIsValid(root))
        PG_RETURN_NULL();
    PG_RETURN_OID(root);
}

} // namespace bemi::track
