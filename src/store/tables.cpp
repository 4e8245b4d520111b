#include "store/tables.hpp"

#include "store/shapes.hpp"
#include "store/table_states.hpp"

namespace bemi::store::tables {
namespace {

/// What the last record about a table has said. The next one often says nothing else: records come with every
/// command about a table, and whenever the decoder's cache of relations was invalidated.
struct LastRecord {
    Oid relation;
    uint64 hash;
};

HTAB *last_records() {
    static constinit HTAB *records = nullptr;
    if (records == nullptr) {
        HASHCTL control{};
        control.keysize = sizeof(Oid);
        control.entrysize = sizeof(LastRecord);
        control.hcxt = TopMemoryContext;
        records =
            hash_create("bemi records about tables", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    }
    return records;
}

uint64 hash_of(std::string_view text) {
    return hash_bytes_extended(reinterpret_cast<const unsigned char *>(text.data()),
                               static_cast<int>(text.size()), 0);
}

/// Remembers what the record says. If storing it fails, the worker ends, and another begins with nothing.
bool is_repeated(const decode::TableRecord &table) {
    bool found;
    auto *last = static_cast<LastRecord *>(hash_search(last_records(), &table.relation, HASH_ENTER, &found));
    const uint64 hash = hash_of(table.state_json);
    const bool repeated = found && last->hash == hash;
    last->hash = hash;
    return repeated;
}

/// Whether the event has changed rows without changes of rows.
bool is_break(TableEvent event) {
    return event == TableEvent::rewritten || event == TableEvent::moved_rows;
}

} // namespace

void note(const decode::TableRecord &table) {
    if (is_repeated(table) && !is_break(table.event))
        return;
    const Oid former_root = shapes::last_root(table.relation);
    shapes::note(table);
    table_states::note(table, former_root);
}

} // namespace bemi::store::tables
