#include "worker/slot.hpp"

#include "worker/wal.hpp"

namespace bemi::worker::slot {
namespace {

constexpr char plugin[] = "bemi";

NameData name_of(Oid database) {
    NameData name{};
    snprintf(NameStr(name), sizeof(name), "bemi_%u", database);
    return name;
}

/// Calls `use` for each of bemi's slots, under the lock that keeps slots from being dropped. A slot with the
/// right name but of another database or plugin is not bemi's.
template <typename Use> void for_each_slot(Use &&use) {
    LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
    for (int i = 0; i < max_replication_slots; i++) {
        ReplicationSlot *slot = &ReplicationSlotCtl->replication_slots[i];
        const Oid database = slot->data.database;
        if (slot->in_use && OidIsValid(database) && strcmp(NameStr(slot->data.plugin), plugin) == 0 &&
            strcmp(NameStr(slot->data.name), NameStr(name_of(database))) == 0)
            use(slot);
    }
    LWLockRelease(ReplicationSlotControlLock);
}

template <typename Use> void for_own_slot(Use &&use) {
    for_each_slot([&use](ReplicationSlot *slot) {
        if (slot->data.database == MyDatabaseId)
            use(slot);
    });
}

} // namespace

State state() {
    State state = State::missing;
    XLogRecPtr needed = InvalidXLogRecPtr;
    for_own_slot([&state, &needed](ReplicationSlot *slot) {
        SpinLockAcquire(&slot->mutex);
        state = compat::is_invalidated(slot) ? State::invalidated : State::usable;
        needed = slot->data.restart_lsn;
        SpinLockRelease(&slot->mutex);
    });
    const bool needs_wal = state == State::usable && !XLogRecPtrIsInvalid(needed);
    return needs_wal && !wal::is_complete(needed, compat::flushed_wal()) ? State::invalidated : state;
}

bool is_ready(XLogRecPtr since) {
    bool ready = false;
    for_own_slot([&ready, since](ReplicationSlot *slot) {
        SpinLockAcquire(&slot->mutex);
        ready = slot->data.persistency == RS_PERSISTENT && !compat::is_invalidated(slot) &&
                slot->data.confirmed_flush >= since;
        SpinLockRelease(&slot->mutex);
    });
    return ready;
}

XLogRecPtr confirmed() {
    XLogRecPtr position = InvalidXLogRecPtr;
    for_own_slot([&position](ReplicationSlot *slot) {
        SpinLockAcquire(&slot->mutex);
        position = slot->data.confirmed_flush;
        SpinLockRelease(&slot->mutex);
    });
    return position;
}

TimestampTz create() {
    const NameData name = name_of(MyDatabaseId);
    compat::check_decoding_requirements();
    compat::create_slot(NameStr(name));

    XLogReaderRoutine routine = wal::reader_routine();
    LogicalDecodingContext *ctx = compat::begin_decoding(plugin, &routine);
    DecodingContextFindStartpoint(ctx);
    FreeDecodingContext(ctx);
    const TimestampTz made_at = GetCurrentTimestamp();
    ReplicationSlotPersist();
    ReplicationSlotRelease();
    return made_at;
}

void drop() {
    const bool nowait = true;
    const NameData name = name_of(MyDatabaseId);
    if (state() != State::missing)
        ReplicationSlotDrop(NameStr(name), nowait);
}

void acquire() {
    const NameData name = name_of(MyDatabaseId);
    compat::acquire_slot(NameStr(name));
}

void confirm(XLogRecPtr position) {
    LogicalConfirmReceivedLocation(position);
    ReplicationSlotMarkDirty();
}

int index() {
    int index = -1;
    for_own_slot([&index](ReplicationSlot *slot) {
        index = static_cast<int>(slot - ReplicationSlotCtl->replication_slots);
    });
    return index;
}

XLogRecPtr kept_from() {
    return MyReplicationSlot->data.restart_lsn;
}

int owner() {
    int pid = 0;
    for_own_slot([&pid](ReplicationSlot *slot) {
        SpinLockAcquire(&slot->mutex);
        pid = compat::owner_of(slot);
        SpinLockRelease(&slot->mutex);
    });
    return pid;
}

size_t databases(std::span<Oid, max_databases> found) {
    size_t count = 0;
    for_each_slot([&](ReplicationSlot *slot) {
        if (count < found.size())
            found[count++] = slot->data.database;
    });
    return count;
}

} // namespace bemi::worker::slot
