// bemi.set_context(), merge_context(), current_context() and clear_context().
#include "boundary.hpp"
#include "json_object.hpp"
#include "session.hpp"
#include "wire.hpp"

namespace bemi {
namespace {

void assign(const char *context, bool is_local) {
    (void)set_config_option("bemi.context", context, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
                            is_local ? GUC_ACTION_LOCAL : GUC_ACTION_SET, true, 0, false);
}

Datum to_jsonb(std::string_view context) {
    const char *json = context.empty() ? "{}" : pnstrdup(context.data(), context.size());
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
}

/// jsonb's own text; the caller has checked that the argument is not NULL.
std::string_view json_text(Datum argument) {
    Jsonb *value = DatumGetJsonbP(argument);
    return JsonbToCString(nullptr, &value->root, static_cast<int>(VARSIZE(value)));
}

/// The members of `patch` over those of `base`; a null in it takes the key away.
const char *patched(std::string_view base, std::string_view patch) {
    char *merged =
        static_cast<char *>(palloc_extended(json_object::merge_bound(base, patch) + 1, MCXT_ALLOC_HUGE));
    const size_t size =
        cpp_call([&] { return json_object::merge(base, patch, json_object::Nulls::remove, merged); });
    merged[size] = '\0';
    return merged;
}

/// is_local, the second argument: as for set_config(), NULL counts as false.
bool is_local_argument(FunctionCallInfo fcinfo) {
    return !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
}

} // namespace
} // namespace bemi

using namespace bemi;

BEMI_FUNCTION(bemi_set_context) {
    assign(PG_ARGISNULL(0) ? "" : json_text(PG_GETARG_DATUM(0)).data(), is_local_argument(fcinfo));
    return to_jsonb(guc::context);
}

BEMI_FUNCTION(bemi_merge_context) {
    if (PG_ARGISNULL(0))
        return to_jsonb(guc::context);
    if (!JB_ROOT_IS_OBJECT(DatumGetJsonbP(PG_GETARG_DATUM(0))))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("the patch for \"bemi.context\" is not a JSON object"),
                 errhint("Pass the members to set, such as '{\"user_id\": 7}'; null takes a key away.")));
    const char *base = guc::context[0] == '\0' ? "{}" : guc::context;
    assign(patched(base, json_text(PG_GETARG_DATUM(0))), is_local_argument(fcinfo));
    return to_jsonb(guc::context);
}

BEMI_FUNCTION(bemi_current_context) {
    if (!guc::enabled)
        return to_jsonb(std::string_view());
    const session::InForce &now = session::in_force();
    return to_jsonb(wire::context_of(now.claim, now.facts));
}

BEMI_FUNCTION(bemi_clear_context) {
    assign("", false);
    PG_RETURN_VOID();
}
