#include "worker/shared_entry.hpp"

#include "worker/shared.hpp"
#include "worker/slot.hpp"

namespace bemi::worker::shared {
namespace {

struct Memory {
    pg_atomic_uint32 has_waiting_databases; // written by the launcher
    Entry entries[FLEXIBLE_ARRAY_MEMBER];
};

constinit Memory *memory = nullptr;
constinit Entry *entries = nullptr; // of `memory`, one for each replication slot

constexpr char memory_name[] = "bemi workers, version 2";

size_t memory_size() {
    return add_size(offsetof(Memory, entries),
                    mul_size(sizeof(Entry), static_cast<size_t>(max_replication_slots)));
}

void make(Memory *made) {
    memset(static_cast<void *>(made), 0, memory_size());
    pg_atomic_init_u32(&made->has_waiting_databases, 0);
    Entry *all = made->entries;
    for (int i = 0; i < max_replication_slots; i++) {
        pg_atomic_init_u32(&all[i].phase, 0);
        pg_atomic_init_u64(&all[i].changes_read, 0);
        pg_atomic_init_u64(&all[i].changes_stored, 0);
        ConditionVariableInit(&all[i].advanced);
        SpinLockInit(&all[i].mutex);
    }
}

void find_or_make() {
    bool found;
    auto *all = static_cast<Memory *>(ShmemInitStruct(memory_name, memory_size(), &found));
    if (!found)
        make(all);
    memory = all;
    entries = all->entries;
}

} // namespace

constinit Entry *own = nullptr;

void request_memory() {
    compat::request_shared_memory(memory_size());
}

void attach() {
    static constinit bool tried = false;
    if (tried)
        return;
    tried = true;
    MemoryContext caller = CurrentMemoryContext;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    PG_TRY();
    { find_or_make(); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(caller);
        FlushErrorState();
        InterruptHoldoffCount = 1; // the ERROR has set it to 0, and LWLockRelease() decrements it
    }
    PG_END_TRY();
    LWLockRelease(AddinShmemInitLock);
}

Entry *entry_of_slot() {
    const int index = entries == nullptr ? -1 : slot::index();
    return index < 0 ? nullptr : &entries[index];
}

Entry *entry_of_database() {
    attach();
    Entry *entry = entry_of_slot();
    return entry != nullptr && entry->database == MyDatabaseId ? entry : nullptr;
}

void set_waiting_databases(bool exist) {
    attach();
    if (memory != nullptr)
        pg_atomic_write_u32(&memory->has_waiting_databases, exist);
}

bool has_waiting_databases() {
    return memory != nullptr && pg_atomic_read_u32(&memory->has_waiting_databases) != 0;
}

bool is_available() {
    attach();
    return entries != nullptr;
}

} // namespace bemi::worker::shared
