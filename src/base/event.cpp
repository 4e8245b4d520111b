#include "base/event.hpp"

namespace bemi {

Node *command_of(FunctionCallInfo fcinfo) {
    if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("function \"bemi.%s\" was not called by event trigger manager",
                               get_func_name(fcinfo->flinfo->fn_oid))));
    return reinterpret_cast<EventTriggerData *>(fcinfo->context)->parsetree;
}

} // namespace bemi
