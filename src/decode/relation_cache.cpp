#include "decode/relation_cache.hpp"

#include <algorithm>

namespace bemi::decode {

struct RelationCache {
    const Format *format;
    const Options *options;
    Dependencies dependencies;
    MemoryContext memory;
    HTAB *entries;
    struct CachedRelation *last_used; // the last one that was asked for, which saves most look-ups
    bool uses_row_types;              // whether any entry does
    long sweep_threshold;             // number of entries at which invalid ones are removed
};

struct CachedRelation {
    Oid relation; // its OID is the key
    bool valid;
    bool uses_row_type;
    MemoryContext memory;
    RelationEntry *entry;
};

namespace {

constexpr long min_sweep = 256;

// Invalidation callbacks cannot be unregistered, so they outlive the cache and find it through this pointer.
constinit RelationCache *current_cache = nullptr;

template <typename Use> void for_each_entry(RelationCache &cache, Use &&use) {
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, cache.entries);
    while (void *cached = hash_seq_search(&status))
        use(*static_cast<CachedRelation *>(cached));
}

void invalidate_all(Datum, compat::SysCacheId, uint32) {
    if (current_cache != nullptr)
        for_each_entry(*current_cache, [](CachedRelation &cached) { cached.valid = false; });
}

void invalidate_relation(Datum, Oid relation) {
    if (!OidIsValid(relation))
        return invalidate_all(0, {}, 0);
    if (current_cache == nullptr)
        return;
    if (void *cached = hash_search(current_cache->entries, &relation, HASH_FIND, nullptr))
        static_cast<CachedRelation *>(cached)->valid = false;
    // The relation may be the row type of a column of other relations.
    if (current_cache->uses_row_types)
        for_each_entry(*current_cache, [](CachedRelation &cached) { cached.valid &= !cached.uses_row_type; });
}

/// Called when something changes on which names of types depend.
void invalidate_type_names(Datum, compat::SysCacheId, uint32) {
    if (current_cache != nullptr && current_cache->dependencies.type_names)
        invalidate_all(0, {}, 0);
}

/// Called when something changes that the text of an expression may name.
void invalidate_expressions(Datum, compat::SysCacheId, uint32) {
    if (current_cache != nullptr && current_cache->dependencies.expressions)
        invalidate_all(0, {}, 0);
}

void register_callbacks() {
    static constinit bool registered = false;
    if (registered)
        return;
    CacheRegisterRelcacheCallback(invalidate_relation, 0);
    CacheRegisterSyscacheCallback(NAMESPACEOID, invalidate_all, 0);
    CacheRegisterSyscacheCallback(CASTSOURCETARGET, invalidate_all, 0);
    CacheRegisterSyscacheCallback(TYPEOID, invalidate_type_names, 0);
    for (const compat::SysCacheId cache :
         {PROCOID, OPEROID, COLLOID, ENUMOID, RELOID, TSCONFIGOID, TSDICTOID, AUTHOID})
        CacheRegisterSyscacheCallback(cache, invalidate_expressions, 0);
    registered = true;
}

void forget_cache(void *cache) {
    if (current_cache == cache)
        current_cache = nullptr;
}

/// Removes invalid entries, among them those of dropped relations. The entries of relations that still exist
/// are built again when they are needed.
void sweep(RelationCache &cache) {
    cache.last_used = nullptr;
    for_each_entry(cache, [&cache](CachedRelation &cached) {
        if (cached.valid)
            return;
        MemoryContextDelete(cached.memory);
        hash_search(cache.entries, &cached.relation, HASH_REMOVE, nullptr);
    });
    cache.sweep_threshold = std::max(min_sweep, 2 * hash_get_num_entries(cache.entries));
}

CachedRelation &find_or_add(RelationCache &cache, Oid relation) {
    if (hash_get_num_entries(cache.entries) >= cache.sweep_threshold)
        sweep(cache);
    bool found;
    auto *cached = static_cast<CachedRelation *>(hash_search(cache.entries, &relation, HASH_ENTER, &found));
    if (!found) {
        cached->valid = false;
        cached->uses_row_type = false;
        cached->memory = AllocSetContextCreate(cache.memory, "bemi relation entry", ALLOCSET_SMALL_SIZES);
        cached->entry = nullptr;
    }
    return *cached;
}

void build_entry(RelationCache &cache, CachedRelation &cached, Relation relation) {
    MemoryContextReset(cached.memory);
    // Reading catalogs may process invalidations. As long as it is unknown what the entry depends on, it must
    // not miss any of them: it counts as valid and as using a row type.
    const bool others_use_row_types = cache.uses_row_types;
    cache.uses_row_types = cached.uses_row_type = true;
    cached.valid = true;
    cached.entry = nullptr; // and it stays NULL if building ends with an ERROR: the transaction may have been
                            // rolled back
    MemoryContext caller = MemoryContextSwitchTo(cached.memory);
    cached.entry = make_relation_entry(relation, *cache.format, *cache.options);
    MemoryContextSwitchTo(caller);
    cached.uses_row_type = cached.entry->uses_row_type;
    cache.uses_row_types = others_use_row_types || cached.uses_row_type;
}

} // namespace

RelationCache *make_relation_cache(const Format &format, const Options &options) {
    auto *cache = static_cast<RelationCache *>(palloc0(sizeof(RelationCache)));
    cache->format = &format;
    cache->options = &options;
    if (format.dependencies != nullptr)
        cache->dependencies = format.dependencies(options);
    cache->memory = CurrentMemoryContext;
    cache->sweep_threshold = min_sweep;

    HASHCTL control{};
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(CachedRelation);
    control.hcxt = cache->memory;
    cache->entries =
        hash_create("bemi relation cache", min_sweep, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

    auto *callback = static_cast<MemoryContextCallback *>(palloc0(sizeof(MemoryContextCallback)));
    callback->func = forget_cache;
    callback->arg = cache;
    MemoryContextRegisterResetCallback(cache->memory, callback);
    register_callbacks();
    current_cache = cache;
    return cache;
}

RelationEntry &relation_entry(RelationCache &cache, Relation relation) {
    const Oid oid = RelationGetRelid(relation);
    if (cache.last_used == nullptr || cache.last_used->relation != oid)
        cache.last_used = &find_or_add(cache, oid);
    if (!cache.last_used->valid || cache.last_used->entry == nullptr)
        build_entry(cache, *cache.last_used, relation);
    return *cache.last_used->entry;
}

} // namespace bemi::decode
