// A hash table whose keys are texts. It lives in a memory context, and goes with it.
#pragma once

#include "base/compat.hpp"

#include <string_view>

namespace bemi::history {

/// `Entry` has the member `std::string_view key`; a new one is all zero but for it. The hash of a key stands
/// beside the pointer to its entry, so that a search rarely looks at another entry.
template <typename Entry> class KeyTable {
public:
    void open(MemoryContext memory) {
        memory_ = memory;
        slots_ = zeroed(initial_slots);
        mask_ = initial_slots - 1;
        count_ = 0;
    }

    /// The entry; NULL if there is none.
    [[nodiscard]] Entry *find(std::string_view key) { return slot_of(key, hash_of(key))->entry; }

    /// The entry, which is made if there is none. The key is copied.
    [[nodiscard]] Entry *add(std::string_view key, bool *is_new) {
        const uint32 hash = hash_of(key);
        Slot *slot = slot_of(key, hash);
        *is_new = slot->entry == nullptr;
        if (!*is_new)
            return slot->entry;
        if (++count_ > mask_ / 2) {
            grow();
            slot = slot_of(key, hash);
        }
        auto *memory = static_cast<char *>(MemoryContextAllocHuge(memory_, sizeof(Entry) + key.size()));
        memset(memory, 0, sizeof(Entry));
        memcpy(memory + sizeof(Entry), key.data(), key.size());
        auto *entry = reinterpret_cast<Entry *>(memory);
        entry->key = {memory + sizeof(Entry), key.size()};
        *slot = {entry, hash};
        return entry;
    }

    Entry *add(std::string_view key) {
        bool is_new;
        return add(key, &is_new);
    }

    template <typename Use> void for_each(Use &&use) {
        for (size_t i = 0; i <= mask_; i++)
            if (slots_[i].entry != nullptr)
                use(*slots_[i].entry);
    }

    [[nodiscard]] size_t size() const { return count_; }

private:
    struct Slot {
        Entry *entry;
        uint32 hash;
    };

    static constexpr size_t initial_slots = 256;

    static uint32 hash_of(std::string_view key) {
        return hash_bytes(reinterpret_cast<const unsigned char *>(key.data()), static_cast<int>(key.size()));
    }

    Slot *zeroed(size_t slots) {
        const size_t size = slots * sizeof(Slot);
        auto *memory = static_cast<Slot *>(MemoryContextAllocHuge(memory_, size));
        memset(memory, 0, size);
        return memory;
    }

    /// Where the entry is or has its place.
    Slot *slot_of(std::string_view key, uint32 hash) {
        size_t i = hash & mask_;
        while (slots_[i].entry != nullptr && (slots_[i].hash != hash || slots_[i].entry->key != key))
            i = (i + 1) & mask_;
        return &slots_[i];
    }

    void grow() {
        const Slot *old = slots_;
        const size_t old_mask = mask_;
        slots_ = zeroed(2 * (mask_ + 1));
        mask_ = 2 * (mask_ + 1) - 1;
        for (size_t i = 0; i <= old_mask; i++)
            if (old[i].entry != nullptr)
                *slot_of(old[i].entry->key, old[i].hash) = old[i];
        pfree(const_cast<Slot *>(old));
    }

    MemoryContext memory_;
    Slot *slots_;
    size_t mask_;
    size_t count_;
};

} // namespace bemi::history
