#include "history/row_counts.hpp"

#include "base/text.hpp"

namespace bemi::history {

void RowCounts::collect(Relation relation, const Changes &changes) {
    relation_ = relation;
    past_ = changes.past;
    then_ = changes.past->shape_since(*changes.cut);
    memory_ = CurrentMemoryContext;
    counts_.open(memory_);
    json_.open(relation);
    today_ = shape_of_today(relation);
    changes.for_each_of_table([this](const StoredChange &change) { note(change); });
}

void RowCounts::note(const StoredChange &change) {
    const Shape &shape = past_->shape_at(change.place);
    if (!change.deletes)
        count_of(change.after, shape)->count--;
    if (change.creates)
        return;
    RowCount *gone = count_of(change.before, shape);
    gone->count++;
    if (gone->row != nullptr)
        return;
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    gone->row = DatumGetJsonbPCopy(change.before);
    gone->place = change.place;
    gone->change = *change.id;
    MemoryContextSwitchTo(caller);
}

/// The count of the rows that agree with this one.
RowCount *RowCounts::count_of(Datum row, const Shape &shape) {
    Jsonb *json = DatumGetJsonbP(row);
    StringInfoData text;
    initStringInfo(&text);
    for (int i = 0; i < RelationGetDescr(relation_)->natts; i++) {
        const char *name = then_.names[i] != nullptr && !then_.ignored[i] ? shape.names[i] : nullptr;
        JsonbValue buffer;
        JsonbValue *value =
            name == nullptr
                ? nullptr
                : getKeyJsonValueFromContainer(&json->root, name, static_cast<int>(strlen(name)), &buffer);
        if (value != nullptr && value->type != jbvNull) {
            Jsonb *member = JsonbValueToJsonb(value);
            (void)JsonbToCString(&text, &member->root, VARSIZE(member));
        }
        appendStringInfoChar(&text, '\n'); // JSON text of jsonb has none
    }
    return counts_.add(view_of(text));
}

bool RowCounts::take(const Datum *values, const bool *nulls) {
    RowCount *count = count_of(json_.jsonb_of(values, nulls), today_);
    if (count->count >= 0)
        return false;
    count->count++;
    return true;
}

void RowCounts::fail() const {
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("the changes of table \"%s\" do not lead to its present rows",
                    RelationGetRelationName(relation_)),
             errdetail("A row that came after the moment is not there, although no change removed it.")));
}

} // namespace bemi::history
