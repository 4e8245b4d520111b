// bemi.set_context(), merge_context(), current_context() and clear_context().
#include "base/boundary.hpp"
#include "context/execution.hpp"
#include "context/session.hpp"
#include "wire.hpp"

namespace bemi::context {
namespace {

void assign(const char *context, bool is_local) {
    (void)set_config_option("bemi.context", context, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
                            is_local ? GUC_ACTION_LOCAL : GUC_ACTION_SET, true, 0, false);
}

Datum to_jsonb(std::string_view context) {
    const char *json = context.empty() ? "{}" : pnstrdup(context.data(), context.size());
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
}

/// The text of the jsonb value, which is not NULL.
std::string_view json_text(Datum argument) {
    Jsonb *value = DatumGetJsonbP(argument);
    return JsonbToCString(nullptr, &value->root, static_cast<int>(VARSIZE(value)));
}

/// By default (NULL) a context that is set in a transaction block ends with it, so that a pooled connection
/// does not carry the context on to its next user.
bool is_local_argument(FunctionCallInfo fcinfo, int number) {
    return PG_ARGISNULL(number) ? execution::in_transaction_block() : PG_GETARG_BOOL(number);
}

} // namespace

BEMI_FUNCTION(bemi_set_context) {
    assign(PG_ARGISNULL(0) ? "" : json_text(PG_GETARG_DATUM(0)).data(), is_local_argument(fcinfo, 1));
    return to_jsonb(guc::context);
}

BEMI_FUNCTION(bemi_merge_context) {
    if (PG_ARGISNULL(0))
        return to_jsonb(session::usable_setting());
    if (!JB_ROOT_IS_OBJECT(DatumGetJsonbP(PG_GETARG_DATUM(0))))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("patch for \"bemi.context\" is not a JSON object"),
                 errhint("Pass the members to set, such as '{\"user_id\": 7}'; null removes a member.")));
    const std::string_view setting = session::usable_setting();
    assign(wire::merge(setting, json_text(PG_GETARG_DATUM(0)), json::Nulls::remove).data(),
           is_local_argument(fcinfo, 1));
    return to_jsonb(guc::context);
}

BEMI_FUNCTION(bemi_current_context) {
    if (!guc::enabled)
        return to_jsonb(std::string_view());
    const session::InForce &now = session::in_force();
    return to_jsonb(wire::context_of(now.claim, now.facts));
}

BEMI_FUNCTION(bemi_clear_context) {
    assign("", is_local_argument(fcinfo, 0));
    PG_RETURN_VOID();
}

} // namespace bemi::context
