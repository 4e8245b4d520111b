#include "decode/tracking.hpp"

#include "base/own_triggers.hpp"

#include <string_view>

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

} // namespace

Tracking tracking_of(Oid relation) {
    Tracking tracking{};
    const Oid function = emit_function();
    for_each_trigger(relation, [&](HeapTuple tuple, Relation) {
        const FormData_pg_trigger &trigger = trigger_of(tuple);
        const bool is_ours = trigger.tgfoid == function;
        const bool is_for_truncate = TRIGGER_FOR_TRUNCATE(trigger.tgtype);
        tracking.is_tracked |= is_ours && is_called(trigger, truncate_trigger);
        if (!is_enabled(trigger) || !(is_ours || is_bemihq_trigger(trigger)))
            return;
        tracking.has_context_of_rows |= !is_for_truncate;
        tracking.has_context_of_truncate |= is_for_truncate;
    });
    return tracking;
}

} // namespace bemi::decode
