#include "decode/tracking.hpp"

#include "base/own_triggers.hpp"
#include "base/text.hpp"

namespace bemi::decode {

namespace {

/// Whether the trigger fires in a session whose session_replication_role is origin. (bemi's own triggers are
/// ENABLE ALWAYS.)
bool is_enabled(const FormData_pg_trigger &trigger) {
    return trigger.tgenabled == TRIGGER_FIRES_ON_ORIGIN || trigger.tgenabled == TRIGGER_FIRES_ALWAYS;
}

/// Whether a package of BemiHQ installed the trigger: it emits messages like those of bemi's triggers.
bool is_bemihq_trigger(const FormData_pg_trigger &trigger) {
    constexpr std::string_view prefix = "_bemi_row_trigger";
    return std::string_view(NameStr(trigger.tgname)).starts_with(prefix);
}

std::string_view arguments_of(HeapTuple tuple, Relation triggers) {
    bool is_null;
    const Datum arguments = heap_getattr(tuple, Anum_pg_trigger_tgargs, RelationGetDescr(triggers), &is_null);
    return view_of(DatumGetByteaPCopy(arguments));
}

} // namespace

Tracking tracking_of(Oid relation) {
    Tracking tracking{};
    const Oid function = emit_function();
    for_each_trigger(relation, [&](HeapTuple tuple, Relation triggers) {
        const FormData_pg_trigger &trigger = trigger_of(tuple);
        const bool is_ours = trigger.tgfoid == function;
        const bool is_for_truncate = TRIGGER_FOR_TRUNCATE(trigger.tgtype);
        if (is_ours && is_called(trigger, truncate_trigger)) {
            tracking.is_tracked = true;
            tracking.arguments = arguments_of(tuple, triggers);
        }
        if (!is_enabled(trigger) || !(is_ours || is_bemihq_trigger(trigger)))
            return;
        tracking.has_context_of_rows |= !is_for_truncate;
        tracking.has_context_of_truncate |= is_for_truncate;
    });
    return tracking;
}

} // namespace bemi::decode
