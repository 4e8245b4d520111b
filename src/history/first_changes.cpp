#include "history/first_changes.hpp"

#include "base/spi.hpp"
#include "base/text.hpp"

namespace bemi::history {
namespace {

constexpr char changes_of_keys[] =
    BEMI_CHANGES "c.\"table\" = ANY ($1) AND c.primary_key = ANY ($3) AND c.committed_at >= $2";
constexpr char changes_by_id[] = BEMI_CHANGES "c.id = ANY ($1) AND c.committed_at >= $2";

#define MOVES "SELECT m.id, m.old_key FROM bemi.moved_keys m WHERE m.committed_at >= $2 AND "
constexpr char all_moves[] = MOVES "m.\"table\" = ANY ($1)";
constexpr char moves_of_keys[] = MOVES "m.\"table\" = ANY ($1) AND m.old_key = ANY ($3)";
constexpr char moves_by_id[] = MOVES "m.id = ANY ($1) AND m.committed_at = ANY ($3)";

constexpr Oid types_of_tables[] = {TEXTARRAYOID, TIMESTAMPTZOID, TEXTARRAYOID};
constexpr Oid types_of_ids[] = {UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZARRAYOID};

std::span<const Oid> first(const Oid (&types)[3], size_t count) {
    return {types, count};
}

std::string_view view_of_id(const pg_uuid_t &id) {
    return {reinterpret_cast<const char *>(id.data), UUID_LEN};
}

Datum array_of_ids(Datum *ids, size_t count) {
    return PointerGetDatum(
        construct_array(ids, static_cast<int>(count), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

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
    const Datum tables = changes.past->tables(), since = TimestampTzGetDatum(changes.cut->since);
    if (keys == nullptr)
        collect_all(tables, since);
    else
        collect_of_keys(tables, since, *keys);
}

void FirstChanges::collect_all(Datum tables, Datum since) {
    const Datum values[] = {tables, since};
    find_moves(all_moves, first(types_of_tables, 2), values);
    changes_->for_each_of_table([this](const StoredChange &change) { note(change); });
}

void FirstChanges::collect_of_keys(Datum tables, Datum since, Datum keys) {
    static constinit SPIPlanPtr by_key = nullptr;
    const Datum values[] = {tables, since, keys};
    changes_->for_each(saved(by_key, changes_of_keys, types_of_tables), values,
                       [this](const StoredChange &change) { note(change); });
    forget_rows_that_came();

    // The rows that had one of the keys, and have another one now.
    find_moves(moves_of_keys, types_of_tables, values);
    if (moves_.size() == 0)
        return;
    auto *ids = static_cast<Datum *>(palloc(sizeof(Datum) * moves_.size()));
    size_t count = 0;
    moves_.for_each([&](Move &move) { ids[count++] = PointerGetDatum(move.key.data()); });
    const Datum of_ids[] = {array_of_ids(ids, count), since};
    changes_->for_each(single(changes_by_id, first(types_of_ids, 2)), of_ids,
                       [this](const StoredChange &change) {
                           note_first(moves_.find(view_of_id(*change.id))->old_key, change, true);
                       });
}

/// Only the owner of the extension may read all of bemi.moved_keys. It tells nothing but which of the changes
/// that the caller can read have changed a key.
void FirstChanges::find_moves(const char *sql, std::span<const Oid> types, const Datum *values) {
    spi::as_owner([&] {
        select(single(sql, types), values, nullptr, [this](TupleTableSlot *row) {
            MemoryContext caller = MemoryContextSwitchTo(memory_);
            bool is_new;
            Move *move = moves_.add(view_of_id(*DatumGetUUIDP(row->tts_values[0])), &is_new);
            const char *old_key = TextDatumGetCString(row->tts_values[1]);
            move->old_key = {old_key, strlen(old_key)};
            MemoryContextSwitchTo(caller);
        });
    });
}

void FirstChanges::note(const StoredChange &change) {
    if (!change.has_key)
        fail_for_key(changes_->relation, change);
    const Move *move = moves_.size() > 0 ? moves_.find(view_of_id(*change.id)) : nullptr;
    if (move != nullptr)
        note_first(move->old_key, change, true);
    note_first(change.key, change, !change.creates && move == nullptr);
}

void FirstChanges::note_first(std::string_view key, const StoredChange &change, bool was_there) {
    bool is_new;
    FirstChange *first = table_.add(key, &is_new);
    if (!is_new && !(change.place < first->place))
        return;
    if (first->before != nullptr)
        pfree(const_cast<Jsonb *>(first->before));
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    first->place = change.place;
    first->committed_at = change.committed_at;
    first->change = *change.id;
    first->is_update = was_there && !change.deletes;
    first->before = was_there ? DatumGetJsonbPCopy(change.before) : nullptr;
    MemoryContextSwitchTo(caller);
}

/// An UPDATE that has changed the key is stored under the new one, with which there was no row before.
void FirstChanges::forget_rows_that_came() {
    auto *ids = static_cast<Datum *>(palloc(sizeof(Datum) * table_.size())),
         *times = static_cast<Datum *>(palloc(sizeof(Datum) * table_.size()));
    size_t count = 0;
    table_.for_each([&](FirstChange &first) {
        if (!first.is_update)
            return;
        ids[count] = UUIDPGetDatum(&first.change);
        times[count++] = TimestampTzGetDatum(first.committed_at);
    });
    if (count == 0)
        return;
    const Datum values[] = {array_of_ids(ids, count), TimestampTzGetDatum(changes_->cut->since),
                            array_of_times(times, count)};
    find_moves(moves_by_id, types_of_ids, values);
    if (moves_.size() == 0)
        return;
    table_.for_each([&](FirstChange &first) {
        if (first.is_update && moves_.find(view_of_id(first.change)) != nullptr)
            first.before = nullptr;
    });
    moves_.open(memory_);
}

} // namespace bemi::history
