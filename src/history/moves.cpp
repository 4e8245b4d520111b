#include "history/moves.hpp"

#include "base/spi.hpp"

namespace bemi::history {
namespace {

std::string_view view_of_id(const pg_uuid_t &id) {
    return {reinterpret_cast<const char *>(id.data), UUID_LEN};
}

} // namespace

Datum array_of_ids(Datum *ids, size_t count) {
    return PointerGetDatum(
        construct_array(ids, static_cast<int>(count), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

void Moves::find(const char *sql, std::span<const Oid> types, const Datum *values) {
    spi::as_owner([&] {
        select(single(sql, types), values, nullptr, [this](TupleTableSlot *row) {
            MemoryContext caller = MemoryContextSwitchTo(memory_);
            const char *old_key = TextDatumGetCString(row->tts_values[1]);
            moves_.add(view_of_id(*DatumGetUUIDP(row->tts_values[0])))->old_key = {old_key, strlen(old_key)};
            MemoryContextSwitchTo(caller);
        });
    });
}

#define MOVES                                                                                                \
    "SELECT m.id, m.old_key FROM bemi.moved_keys m WHERE m.\"table\" = ANY ($1) AND m.committed_at >= $2"

void Moves::find_all(const Changes &changes) {
    static constexpr Oid types[] = {TEXTARRAYOID, TIMESTAMPTZOID};
    const Datum values[] = {changes.past->tables(), TimestampTzGetDatum(changes.cut->since)};
    find(MOVES, types, values);
}

void Moves::find_of_keys(const Changes &changes, Datum keys) {
    static constexpr Oid types[] = {TEXTARRAYOID, TIMESTAMPTZOID, TEXTARRAYOID};
    const Datum values[] = {changes.past->tables(), TimestampTzGetDatum(changes.cut->since), keys};
    find(MOVES " AND m.old_key = ANY ($3)", types, values);
}

std::string_view Moves::old_key_of(const pg_uuid_t &change) {
    const Move *move = is_empty() ? nullptr : moves_.find(view_of_id(change));
    return move == nullptr ? std::string_view{} : move->old_key;
}

Datum Moves::ids() {
    auto *ids = static_cast<Datum *>(palloc(sizeof(Datum) * moves_.size()));
    size_t count = 0;
    moves_.for_each([&](Move &move) { ids[count++] = PointerGetDatum(move.key.data()); });
    return array_of_ids(ids, count);
}

} // namespace bemi::history
