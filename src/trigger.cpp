// bemi.emit_context(), the function of the triggers on tracked tables. An error here would fail the user's
// write, so it raises none once it was called correctly.
#include "base/boundary.hpp"
#include "context/emit.hpp"
#include "context/requirement.hpp"
#include "worker/wakeup.hpp"

namespace bemi {
namespace {

/// Whether the table has a trigger of BemiHQ's packages, which a user may keep. It emits the context of the
/// SQL comment for every row, and so ends the effect of what bemi has emitted before.
bool has_bemihq_trigger(const TriggerDesc *triggers) {
    constexpr char prefix[] = "_bemi_row_trigger";
    for (int i = 0; i < triggers->numtriggers; i++)
        if (strncmp(triggers->triggers[i].tgname, prefix, sizeof(prefix) - 1) == 0)
            return true;
    return false;
}

} // namespace

BEMI_FUNCTION(bemi_emit_context) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("function \"bemi.emit_context\" was not called by trigger manager")));
    const auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    if (!TRIGGER_FIRED_BEFORE(trigger->tg_event))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("function \"bemi.emit_context\" must be fired BEFORE")));

    if (context::requirement::is_possible(*trigger->tg_trigger))
        context::requirement::check(trigger->tg_relation, *trigger->tg_trigger);
    if (has_bemihq_trigger(trigger->tg_relation->trigdesc))
        context::emit::again();
    else
        context::emit::if_changed(TRIGGER_FIRED_FOR_ROW(trigger->tg_event)
                                      ? context::emit::Rows::next
                                      : context::emit::Rows::all_to_come);
    worker::wakeup::at_commit();

    if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
        return 0;
    return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
                                                                      : trigger->tg_trigtuple);
}

} // namespace bemi
