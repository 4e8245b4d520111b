#include "track/catalog.hpp"

#include "base/own_triggers.hpp"
#include "track/arguments.hpp"

namespace bemi::track::catalog {
namespace {

/// Calls `use(tuple, pg_trigger)` for the trigger that makes the relation a tracked one; false if it has
/// none.
template <typename Use> bool with_record(Oid relation, Use &&use) {
    const Oid function = emit_function();
    bool found = false;
    for_each_trigger(relation, [&](HeapTuple tuple, Relation triggers) {
        const FormData_pg_trigger &trigger = trigger_of(tuple);
        if (!is_called(trigger, truncate_trigger) || trigger.tgfoid != function)
            return;
        found = true;
        use(tuple, triggers);
    });
    return found;
}

List *add_parents(List *ancestors, Relation inherits, Oid relation) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    SysScanDesc scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
    while (HeapTuple tuple = systable_getnext(scan)) {
        const auto *form = reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple));
        if (!form->inhdetachpending)
            ancestors = list_append_unique_oid(ancestors, form->inhparent);
    }
    systable_endscan(scan);
    return ancestors;
}

/// All relations from which the relation inherits, the nearest first.
List *ancestors_of(Oid relation) {
    List *ancestors = NIL;
    Relation inherits = table_open(InheritsRelationId, AccessShareLock);
    ancestors = add_parents(ancestors, inherits, relation);
    for (int i = 0; i < list_length(ancestors); i++)
        ancestors = add_parents(ancestors, inherits, list_nth_oid(ancestors, i));
    table_close(inherits, AccessShareLock);
    return ancestors;
}

} // namespace

bool find(Oid relation, TrackingOptions *options) {
    return with_record(relation, [options](HeapTuple tuple, Relation triggers) {
        bool is_null;
        const Datum arguments = heap_getattr(tuple, Anum_pg_trigger_tgargs, triggers->rd_att, &is_null);
        *options = read_arguments(DatumGetByteaPCopy(arguments));
    });
}

bool is_tracked(Oid relation) {
    return with_record(relation, [](HeapTuple, Relation) {});
}

Oid root_of(Oid relation) {
    List *ancestors = ancestors_of(relation);
    for (int i = list_length(ancestors) - 1; i >= 0; i--)
        if (is_tracked(list_nth_oid(ancestors, i)))
            return list_nth_oid(ancestors, i);
    return InvalidOid;
}

List *family_of(Oid relation, LOCKMODE lock) {
    return find_all_inheritors(relation, lock, nullptr);
}

} // namespace bemi::track::catalog
