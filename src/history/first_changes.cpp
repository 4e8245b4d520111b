#include "history/first_changes.hpp"

#include "base/text.hpp"

namespace bemi::history {
namespace {

Datum array_of_times(Datum *times, size_t count) {
    return PointerGetDatum(construct_array(times, static_cast<int>(count), TIMESTAMPTZOID,
                                           sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

[[noreturn]] void fail_for_key(Relation relation, const StoredChange &change) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("the primary key of a change of table \"%s\" is not known",
                           RelationGetRelationName(relation)),
                    errdetail("The change is %s.",
                              DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(change.id))))));
}

} // namespace

void FirstChanges::collect(const Changes &changes, const Datum *keys) {
    changes_ = &changes;
    memory_ = CurrentMemoryContext;
    table_.open(memory_);
    moves_.open(memory_);
    if (keys != nullptr)
        return collect_of_keys(*keys);
    moves_.find_all(changes);
    changes.for_each_of_table([this](const StoredChange &change) { note(change); });
}

void FirstChanges::collect_of_keys(Datum keys) {
    changes_->for_each_of_keys(keys, [this](const StoredChange &change) { note(change); });
    forget_rows_that_came();
    // The rows that had one of the keys, and have another one now.
    moves_.open(memory_);
    moves_.find_of_keys(*changes_, keys);
    moves_.for_each(*changes_, [this](const StoredChange &change) {
        note_first(moves_.old_key_of(*change.id), change, true);
    });
}

void FirstChanges::note(const StoredChange &change) {
    if (!change.has_key)
        fail_for_key(changes_->relation, change);
    const std::string_view old_key = moves_.old_key_of(*change.id);
    const bool has_moved = old_key.data() != nullptr;
    if (has_moved)
        note_first(old_key, change, true);
    note_first(change.key, change, !change.creates && !has_moved);
}

void FirstChanges::note_first(std::string_view key, const StoredChange &change, bool was_there) {
    bool is_new;
    FirstChange *first = table_.add(key, &is_new);
    if (!is_new && !(change.place < first->place))
        return;
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    if (is_new)
        first->detail = static_cast<FirstChangeDetail *>(palloc0(sizeof(FirstChangeDetail)));
    else if (first->detail->before != nullptr)
        pfree(const_cast<Jsonb *>(first->detail->before));
    first->place = change.place;
    *first->detail = {change.committed_at, *change.id, was_there && !change.deletes,
                      was_there ? DatumGetJsonbPCopy(change.before) : nullptr};
    MemoryContextSwitchTo(caller);
}

/// An UPDATE that has changed the key is stored under the new one, with which there was no row before.
void FirstChanges::forget_rows_that_came() {
    auto *ids = static_cast<Datum *>(palloc(sizeof(Datum) * table_.size())),
         *times = static_cast<Datum *>(palloc(sizeof(Datum) * table_.size()));
    size_t count = 0;
    table_.for_each([&](FirstChange &first) {
        if (!first.detail->is_update)
            return;
        ids[count] = UUIDPGetDatum(&first.detail->change);
        times[count++] = TimestampTzGetDatum(first.detail->committed_at);
    });
    if (count == 0)
        return;
    static constexpr Oid types[] = {UUIDARRAYOID, TIMESTAMPTZARRAYOID};
    const Datum values[] = {array_of_ids(ids, count), array_of_times(times, count)};
    moves_.find("SELECT m.id, m.old_key FROM bemi.moved_keys m"
                " WHERE m.committed_at = ANY ($2) AND m.id = ANY ($1)",
                types, values);
    if (moves_.is_empty())
        return;
    table_.for_each([&](FirstChange &first) {
        if (first.detail->is_update && moves_.has(first.detail->change))
            first.detail->before = nullptr;
    });
}

} // namespace bemi::history
