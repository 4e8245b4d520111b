// Every difference between PostgreSQL 14 and 18. The only file that mentions PG_VERSION_NUM.
#pragma once

#include "base/pg.hpp"

#include <optional>

#if PG_VERSION_NUM < 140000 || PG_VERSION_NUM >= 190000
#error "bemi supports PostgreSQL 14 to 18"
#endif

// The magic block. 18 added a name and a version to it, which pg_get_loaded_modules() shows.
#if PG_VERSION_NUM >= 180000
#define BEMI_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "bemi", .version = "1.0")
#else
#define BEMI_MODULE_MAGIC PG_MODULE_MAGIC
#endif

namespace bemi::compat {

/// Writes a transactional logical message; returns where it ends. 17 added the argument `flush`.
inline XLogRecPtr log_transactional_message(const char *prefix, const char *content, size_t size) {
#if PG_VERSION_NUM >= 170000
    return LogLogicalMessage(prefix, content, size, true, false);
#else
    return LogLogicalMessage(prefix, content, size, true);
#endif
}

/// Reserves the prefix of our settings. 15 renamed the function.
inline void reserve_guc_prefix(const char *prefix) {
#if PG_VERSION_NUM >= 150000
    MarkGUCPrefixReserved(prefix);
#else
    EmitWarningsOnPlaceholders(prefix);
#endif
}

/// Whether `user` owns the relation, schema, database or extension, of which `catalog` is the table, or is a
/// member of a role that does. 16 replaced the functions by kind.
inline bool owns(Oid catalog, Oid object, Oid user) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(catalog, object, user);
#else
    switch (catalog) {
    case RelationRelationId:
        return pg_class_ownercheck(object, user);
    case NamespaceRelationId:
        return pg_namespace_ownercheck(object, user);
    case DatabaseRelationId:
        return pg_database_ownercheck(object, user);
    case ExtensionRelationId:
        return pg_extension_ownercheck(object, user);
    default:
        elog(ERROR, "unexpected catalog %u", catalog);
    }
#endif
}

/// Memory for a GUC's "extra", which guc.c frees; NULL when there is none. 16 moved it from malloc to a
/// memory context.
inline void *guc_alloc(size_t size) {
#if PG_VERSION_NUM >= 160000
    return guc_malloc(LOG, size);
#else
    return malloc(size);
#endif
}

/// Gives back what guc_alloc gave.
inline void guc_release(void *memory) {
#if PG_VERSION_NUM >= 160000
    guc_free(memory);
#else
    free(memory);
#endif
}

/// The new row of a change, NULL where there is none. Up to 16 it is wrapped in a ReorderBufferTupleBuf.
inline HeapTuple new_tuple(const ReorderBufferChange *change) {
#if PG_VERSION_NUM >= 170000
    return change->data.tp.newtuple;
#else
    return change->data.tp.newtuple == nullptr ? nullptr : &change->data.tp.newtuple->tuple;
#endif
}

/// The old row (or its key) of a change, NULL where there is none.
inline HeapTuple old_tuple(const ReorderBufferChange *change) {
#if PG_VERSION_NUM >= 170000
    return change->data.tp.oldtuple;
#else
    return change->data.tp.oldtuple == nullptr ? nullptr : &change->data.tp.oldtuple->tuple;
#endif
}

/// The index of the primary key, which is not deferrable, or InvalidOid. 18 added the argument
/// `deferrable_ok`.
inline Oid primary_key_index(Relation relation) {
#if PG_VERSION_NUM >= 180000
    return RelationGetPrimaryKeyIndex(relation, false);
#else
    return RelationGetPrimaryKeyIndex(relation);
#endif
}

/// When the transaction was committed. 15 moved it into a union.
inline TimestampTz commit_time(const ReorderBufferTXN *txn) {
#if PG_VERSION_NUM >= 150000
    return txn->xact_time.commit_time;
#else
    return txn->commit_time;
#endif
}

/// Has the slot's prepared transactions decoded when they are prepared, from now on. False if the slot had to
/// be made for that, as before 15.
[[nodiscard]] inline bool turn_on_two_phase(LogicalDecodingContext *ctx) {
#if PG_VERSION_NUM >= 150000
    ctx->twophase_opt_given = true;
    return true;
#else
    return ctx->slot->data.two_phase;
#endif
}

/// Makes sure that stream_abort_cb is called if the subtransaction is rolled back, parts of which were sent.
/// PostgreSQL marks it itself, but not (seen in 15) if more than 4096 records of it had been spilled to disk,
/// as a value of 8 MB in TOAST needs.
inline void mark_as_streamed(ReorderBufferTXN *txn) {
    txn->txn_flags |= RBTXN_IS_STREAMED;
}

/// Tells the client how far decoding has come, so that long stretches without output do not run into its
/// timeout. 15 added `skipped`: the whole transaction produced nothing.
inline void update_progress(LogicalDecodingContext *ctx, bool skipped) {
#if PG_VERSION_NUM >= 150000
    OutputPluginUpdateProgress(ctx, skipped);
#else
    (void)skipped;
    OutputPluginUpdateProgress(ctx);
#endif
}

/// Whether the column is a generated one that is not stored, which 18 added.
inline bool is_virtual(Form_pg_attribute attribute) {
#if PG_VERSION_NUM >= 180000
    return attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL;
#else
    (void)attribute;
    return false;
#endif
}

/// How far the WAL is on disk. 15 added the argument `insertTLI`.
inline XLogRecPtr flushed_wal() {
#if PG_VERSION_NUM >= 150000
    return GetFlushRecPtr(nullptr);
#else
    return GetFlushRecPtr();
#endif
}

/// The timeline that this server writes, or the one that it last replayed. 15 removed the variable for the
/// former.
inline TimeLineID current_timeline() {
    TimeLineID timeline;
    if (RecoveryInProgress()) {
        (void)GetXLogReplayRecPtr(&timeline);
        return timeline;
    }
#if PG_VERSION_NUM >= 150000
    return GetWALInsertionTimeLine();
#else
    return ThisTimeLineID;
#endif
}

// What a block in the WAL is of. 16 renamed the struct and its fields.
#if PG_VERSION_NUM >= 160000
using File = RelFileLocator;
inline Oid database_of(const File &file) {
    return file.dbOid;
}
#else
using File = RelFileNode;
inline Oid database_of(const File &file) {
    return file.dbNode;
}
#endif

/// The file of the record's first block.
inline File file_of(XLogReaderState *record) {
    File file;
    (void)XLogRecGetBlockTag(record, 0, &file, nullptr, nullptr);
    return file;
}

/// The relation that has the file now, or InvalidOid. Of this database, in a transaction.
inline Oid relation_of(const File &file) {
#if PG_VERSION_NUM >= 160000
    return RelidByRelfilenumber(file.spcOid, file.relNumber);
#else
    return RelidByRelfilenode(file.spcNode, file.relNode);
#endif
}

/// Makes a logical slot that is not two-phase, and acquires it. From 17 on a standby may take it over.
inline void create_slot(const char *name) {
    const bool db_specific = true, two_phase = false;
#if PG_VERSION_NUM >= 170000
    const bool failover = true, synced = false;
    ReplicationSlotCreate(name, db_specific, RS_EPHEMERAL, two_phase, failover, synced);
#else
    ReplicationSlotCreate(name, db_specific, RS_EPHEMERAL, two_phase);
#endif
}

/// 18 added the argument `error_if_invalid`.
inline void acquire_slot(const char *name) {
    const bool nowait = true;
#if PG_VERSION_NUM >= 180000
    const bool error_if_invalid = true;
    ReplicationSlotAcquire(name, nowait, error_if_invalid);
#else
    ReplicationSlotAcquire(name, nowait);
#endif
}

/// Whether the server has taken the slot's WAL away. 16 replaced the position by a cause.
inline bool is_invalidated(const ReplicationSlot *slot) {
#if PG_VERSION_NUM >= 160000
    return slot->data.invalidated != RS_INVAL_NONE;
#else
    return !XLogRecPtrIsInvalid(slot->data.invalidated_at);
#endif
}

/// To be called while shared_preload_libraries are loaded. 15 wants such requests in a hook.
inline void request_shared_memory(size_t size) {
#if PG_VERSION_NUM >= 150000
    static constinit size_t requested = 0;
    static constinit shmem_request_hook_type next = nullptr;
    requested = size;
    next = shmem_request_hook;
    shmem_request_hook = [] {
        if (next != nullptr)
            next();
        RequestAddinShmemSpace(requested);
    };
#else
    RequestAddinShmemSpace(size);
#endif
}

/// How many days an interval has, about; none if PostgreSQL does not understand its fields. 15 has another
/// struct for its parts.
inline std::optional<double> days_of_interval(char **fields, int *types, int count) {
    constexpr double days_per_year = 365.25, days_per_month = 30.4375;
    int type;
#if PG_VERSION_NUM >= 150000
    struct pg_itm_in parts;
    const bool valid = DecodeInterval(fields, types, count, INTERVAL_FULL_RANGE, &type, &parts) == 0;
    const double day = static_cast<double>(parts.tm_usec) / USECS_PER_DAY;
#else
    struct pg_tm parts;
    fsec_t fraction;
    const bool valid =
        DecodeInterval(fields, types, count, INTERVAL_FULL_RANGE, &type, &parts, &fraction) == 0;
    const double day = parts.tm_hour / 24.0 + parts.tm_min / 1440.0 + parts.tm_sec / 86400.0;
#endif
    if (!valid || type != DTK_DELTA)
        return std::nullopt;
    return parts.tm_year * days_per_year + parts.tm_mon * days_per_month + parts.tm_mday + day;
}

/// 16 made `content` const.
inline void write_file(BufFile *file, const void *content, size_t size) {
#if PG_VERSION_NUM >= 160000
    BufFileWrite(file, content, size);
#else
    BufFileWrite(file, const_cast<void *>(content), size);
#endif
}

} // namespace bemi::compat
