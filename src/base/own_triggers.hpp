// The triggers that tracking creates. A relation is tracked if, and only if, it has the trigger
// ~bemi_truncate and this trigger calls bemi.emit_context(): every tracked relation has it, partitioned
// tables too, whatever its level.
#pragma once

#include "base/compat.hpp"

namespace bemi {

// BEFORE triggers fire in the order of their names. bemi's must fire last, after users' triggers have changed
// the row or the context: hence the tilde, the last printable character of ASCII.
inline constexpr char row_trigger[] = "~bemi_row";
inline constexpr char statement_trigger[] = "~bemi_statement";
inline constexpr char truncate_trigger[] = "~bemi_truncate";

/// The OID of bemi.emit_context(); InvalidOid if the extension is not installed.
[[nodiscard]] Oid emit_function();

/// Calls `use(tuple, pg_trigger)` for each trigger of the relation that the catalog snapshot shows: the
/// historic snapshot while decoding. It scans an index rather than read the relation cache, which looks for
/// triggers only if pg_class.relhastriggers is set: VACUUM clears this flag in place, for historic snapshots
/// too, once a relation has lost its triggers.
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

/// The row of pg_trigger that the tuple holds.
inline const FormData_pg_trigger &trigger_of(HeapTuple tuple) {
    return *reinterpret_cast<Form_pg_trigger>(GETSTRUCT(tuple));
}

/// Whether it is the name of a trigger of bemi. The trigger is bemi's if it also calls emit_function().
[[nodiscard]] inline bool is_own_name(const char *name) {
    return strcmp(name, row_trigger) == 0 || strcmp(name, statement_trigger) == 0 ||
           strcmp(name, truncate_trigger) == 0;
}

inline bool is_called(const FormData_pg_trigger &trigger, const char *name) {
    return strcmp(NameStr(trigger.tgname), name) == 0;
}

} // namespace bemi
