#include "plan_cache.hpp"

#include <algorithm>

namespace bemi::decode {

struct PlanCache {
    const Format *format;
    const Options *options;
    Dependencies dependencies;
    MemoryContext memory;
    HTAB *entries;
    struct PlanEntry *latest; // saves most look-ups
    bool uses_row_types;      // any plan does
    long next_sweep;          // at so many entries, those of dropped relations are removed
};

struct PlanEntry {
    Oid relation; // the key
    bool valid;
    bool uses_row_type;
    MemoryContext memory;
    RelationPlan *plan;
};

namespace {

constexpr long first_sweep = 256;

// Callbacks for invalidations cannot be unregistered, so they find the cache through this.
constinit PlanCache *current_cache = nullptr;

template <typename Use> void for_each_entry(PlanCache &cache, Use &&use) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, cache.entries);
    while (void *entry = hash_seq_search(&status))
        use(*static_cast<PlanEntry *>(entry));
}

void invalidate_all(Datum, int, uint32) {
    if (current_cache != nullptr)
        for_each_entry(*current_cache, [](PlanEntry &entry) { entry.valid = false; });
}

void invalidate_relation(Datum, Oid relation) {
    if (!OidIsValid(relation))
        return invalidate_all(0, 0, 0);
    if (current_cache == nullptr)
        return;
    if (void *entry = hash_search(current_cache->entries, &relation, HASH_FIND, nullptr))
        static_cast<PlanEntry *>(entry)->valid = false;
    // The relation may be a row type that a column of another one has.
    if (current_cache->uses_row_types)
        for_each_entry(*current_cache, [](PlanEntry &entry) { entry.valid &= !entry.uses_row_type; });
}

/// For what the names of types depend on.
void invalidate_type_names(Datum, int, uint32) {
    if (current_cache != nullptr && current_cache->dependencies.type_names)
        invalidate_all(0, 0, 0);
}

/// For what the text of an expression may name.
void invalidate_defaults(Datum, int, uint32) {
    if (current_cache != nullptr && current_cache->dependencies.expressions)
        invalidate_all(0, 0, 0);
}

void register_callbacks() {
    static constinit bool registered = false;
    if (registered)
        return;
    CacheRegisterRelcacheCallback(invalidate_relation, 0);
    CacheRegisterSyscacheCallback(NAMESPACEOID, invalidate_all, 0);
    CacheRegisterSyscacheCallback(CASTSOURCETARGET, invalidate_all, 0);
    CacheRegisterSyscacheCallback(TYPEOID, invalidate_type_names, 0);
    for (const int cache : {PROCOID, OPEROID, COLLOID, ENUMOID, RELOID, TSCONFIGOID, TSDICTOID, AUTHOID})
        CacheRegisterSyscacheCallback(cache, invalidate_defaults, 0);
    registered = true;
}

void forget(void *cache) {
    if (current_cache == cache)
        current_cache = nullptr;
}

/// Removes what is not valid. Relations that still exist come back when they are needed.
void sweep(PlanCache &cache) {
    cache.latest = nullptr;
    for_each_entry(cache, [&cache](PlanEntry &entry) {
        if (entry.valid)
            return;
        MemoryContextDelete(entry.memory);
        hash_search(cache.entries, &entry.relation, HASH_REMOVE, nullptr);
    });
    cache.next_sweep = std::max(first_sweep, 2 * hash_get_num_entries(cache.entries));
}

PlanEntry &find_entry(PlanCache &cache, Oid relation) {
    if (hash_get_num_entries(cache.entries) >= cache.next_sweep)
        sweep(cache);
    bool found;
    auto *entry = static_cast<PlanEntry *>(hash_search(cache.entries, &relation, HASH_ENTER, &found));
    if (!found) {
        entry->valid = false;
        entry->uses_row_type = false;
        entry->memory = AllocSetContextCreate(cache.memory, "bemi relation plan", ALLOCSET_SMALL_SIZES);
        entry->plan = nullptr;
    }
    return *entry;
}

void make_plan(PlanCache &cache, PlanEntry &entry, Relation relation) {
    MemoryContextReset(entry.memory);
    // Reading catalogs may bring invalidations, which must not be lost, whatever the plan turns out to use.
    const bool others_use_row_types = cache.uses_row_types;
    cache.uses_row_types = entry.uses_row_type = true;
    entry.valid = true;
    entry.plan = nullptr; // it stays so if the transaction turns out to be rolled back meanwhile
    MemoryContext caller = MemoryContextSwitchTo(entry.memory);
    entry.plan = plan_relation(relation, *cache.format, *cache.options);
    MemoryContextSwitchTo(caller);
    entry.uses_row_type = entry.plan->uses_row_type;
    cache.uses_row_types = others_use_row_types || entry.uses_row_type;
}

} // namespace

PlanCache *make_plan_cache(const Format &format, const Options &options) {
    auto *cache = static_cast<PlanCache *>(palloc0(sizeof(PlanCache)));
    cache->format = &format;
    cache->options = &options;
    if (format.dependencies != nullptr)
        cache->dependencies = format.dependencies(options);
    cache->memory = CurrentMemoryContext;
    cache->next_sweep = first_sweep;

    HASHCTL control{};
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(PlanEntry);
    control.hcxt = cache->memory;
    cache->entries =
        hash_create("bemi relation plans", first_sweep, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

    auto *end_of_session = static_cast<MemoryContextCallback *>(palloc0(sizeof(MemoryContextCallback)));
    end_of_session->func = forget;
    end_of_session->arg = cache;
    MemoryContextRegisterResetCallback(cache->memory, end_of_session);
    register_callbacks();
    current_cache = cache;
    return cache;
}

RelationPlan &plan_for(PlanCache &cache, Relation relation) {
    const Oid oid = RelationGetRelid(relation);
    if (cache.latest == nullptr || cache.latest->relation != oid)
        cache.latest = &find_entry(cache, oid);
    if (!cache.latest->valid || cache.latest->plan == nullptr)
        make_plan(cache, *cache.latest, relation);
    return *cache.latest->plan;
}

} // namespace bemi::decode
