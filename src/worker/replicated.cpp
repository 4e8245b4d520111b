// Rows of bemi's own tables that logical replication brings from another server, by a publication FOR ALL
// TABLES for instance. They describe the worker of that server, so they are left out here.
#include "base/boundary.hpp"
#include "base/compat.hpp"

namespace bemi::worker {
namespace {

/// Apply workers of other extensions have an origin as well.
bool is_replicated() {
    return IsLogicalWorker() || compat::session_origin() != compat::no_origin;
}

} // namespace

/// The trigger fires where session_replication_role is replica. That is not only so in apply workers.
BEMI_FUNCTION(bemi_leave_out_replicated) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("function \"bemi.leave_out_replicated\" was not called by trigger manager")));
    const auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    if (is_replicated())
        PG_RETURN_DATUM(0);
    PG_RETURN_POINTER(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
                                                                 : trigger->tg_trigtuple);
}

} // namespace bemi::worker
