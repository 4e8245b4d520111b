// The triggers that tracking puts on a table. A table is tracked if, and only if, it has the one that is
// called truncate_trigger with bemi's function: every tracked relation has that, partitioned ones too.
#pragma once

#include "base/compat.hpp"

namespace bemi {

// BEFORE triggers fire in the order of their names. Ours must be the last, after whatever the user's triggers
// do to the row or to the context: hence the tilde, the last of the ASCII characters.
inline constexpr char row_trigger[] = "~bemi_row";
inline constexpr char statement_trigger[] = "~bemi_statement";
inline constexpr char truncate_trigger[] = "~bemi_truncate";

/// bemi.emit_context(); invalid where the extension is not.
[[nodiscard]] Oid emit_function();

/// Calls `use(tuple, pg_trigger)` for the triggers of the relation, as the snapshot of the catalogs shows
/// them, the historic one while decoding. By an index scan rather than from the relation cache: VACUUM clears
/// pg_class.relhastriggers in place, so that the relation cache would not know the triggers of the past.
template <typename Use> void for_each_trigger(Oid relation, Use &&use) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    Relation triggers = table_open(TriggerRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true, nullptr, 1, &key);
    while (HeapTuple tuple = systable_getnext(scan))
        use(tuple, triggers);
    systable_endscan(scan);
    table_close(triggers, AccessShareLock);
}

inline const FormData_pg_trigger &trigger_of(HeapTuple tuple) {
    return *reinterpret_cast<Form_pg_trigger>(GETSTRUCT(tuple));
}

/// Whether a trigger of that name is one of ours, if it runs our function.
[[nodiscard]] inline bool is_own_name(const char *name) {
    return strcmp(name, row_trigger) == 0 || strcmp(name, statement_trigger) == 0 ||
           strcmp(name, truncate_trigger) == 0;
}

inline bool is_called(const FormData_pg_trigger &trigger, const char *name) {
    return strcmp(NameStr(trigger.tgname), name) == 0;
}

} // namespace bemi
