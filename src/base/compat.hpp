// Every difference between PostgreSQL 14 and 19. No other file mentions PG_VERSION_NUM.
#pragma once

#include "base/pg.hpp"

#include <optional>

#if PG_VERSION_NUM < 140000 || PG_VERSION_NUM >= 200000
#error "bemi supports PostgreSQL 14 to 19"
#endif

// 18 added a name and a version to the magic block, which pg_get_loaded_modules() shows.
#if PG_VERSION_NUM >= 180000
#define BEMI_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "bemi", .version = "1.0")
#else
#define BEMI_MODULE_MAGIC PG_MODULE_MAGIC
#endif

namespace bemi::compat {

/// Writes a transactional logical message; returns the LSN of its end. 17 added the argument `flush`.
inline XLogRecPtr log_transactional_message(const char *prefix, const char *content, size_t size) {
#if PG_VERSION_NUM >= 170000
    return LogLogicalMessage(prefix, content, size, true, false);
#else
    return LogLogicalMessage(prefix, content, size, true);
#endif
}

/// Makes settings with the prefix that are not defined an error. 15 renamed the function.
inline void reserve_guc_prefix(const char *prefix) {
#if PG_VERSION_NUM >= 150000
    MarkGUCPrefixReserved(prefix);
#else
    EmitWarningsOnPlaceholders(prefix);
#endif
}

/// Whether `user` has the privileges of the owner of the relation, schema, database or extension; `catalog`
/// is the catalog that has the object. 16 replaced the functions for each kind of object by one.
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
        elog(ERROR, "unexpected object class %u", catalog);
    }
#endif
}

/// Allocates the "extra" value of a setting, which guc.c frees; NULL if there is no memory. 16 moved these
/// values from malloc to a memory context.
inline void *guc_alloc(size_t size) {
#if PG_VERSION_NUM >= 160000
    return guc_malloc(LOG, size);
#else
    return malloc(size);
#endif
}

/// Frees what guc_alloc() has allocated.
inline void guc_release(void *memory) {
#if PG_VERSION_NUM >= 160000
    guc_free(memory);
#else
    free(memory);
#endif
}

/// The new tuple of a change; NULL if it has none. Up to 16 it is wrapped in a ReorderBufferTupleBuf.
inline HeapTuple new_tuple(const ReorderBufferChange *change) {
#if PG_VERSION_NUM >= 170000
    return change->data.tp.newtuple;
#else
    return change->data.tp.newtuple == nullptr ? nullptr : &change->data.tp.newtuple->tuple;
#endif
}

/// The old tuple of a change, or only its key; NULL if the change has neither.
inline HeapTuple old_tuple(const ReorderBufferChange *change) {
#if PG_VERSION_NUM >= 170000
    return change->data.tp.oldtuple;
#else
    return change->data.tp.oldtuple == nullptr ? nullptr : &change->data.tp.oldtuple->tuple;
#endif
}

/// The index that the relation cache has as the relation's primary key, or InvalidOid. Up to 17 a deferrable
/// one is none; 18 added an argument for that.
inline Oid primary_key_index(Relation relation) {
#if PG_VERSION_NUM >= 180000
    const bool deferrable_ok = true;
    return RelationGetPrimaryKeyIndex(relation, deferrable_ok);
#else
    return RelationGetPrimaryKeyIndex(relation);
#endif
}

/// When the transaction was committed. 15 moved it into a union, to which 19 gave no name.
inline TimestampTz commit_time(const ReorderBufferTXN *txn) {
#if PG_VERSION_NUM >= 150000 && PG_VERSION_NUM < 190000
    return txn->xact_time.commit_time;
#else
    return txn->commit_time;
#endif
}

/// Makes the slot decode prepared transactions at PREPARE TRANSACTION from now on. False if the slot would
/// have to be created for that, as in 14.
[[nodiscard]] inline bool turn_on_two_phase(LogicalDecodingContext *ctx) {
#if PG_VERSION_NUM >= 150000
    ctx->twophase_opt_given = true;
    return true;
#else
    return ctx->slot->data.two_phase;
#endif
}

/// Makes PostgreSQL call stream_abort_cb if the subtransaction is rolled back after parts of it were sent.
/// PostgreSQL itself does not mark it as streamed (seen in 15) if more than 4096 of its changes had been
/// spilled to disk; a value of 8 MB in TOAST has as many.
inline void mark_as_streamed(ReorderBufferTXN *txn) {
    txn->txn_flags |= RBTXN_IS_STREAMED;
}

/// Tells the client how far decoding has come, so that it does not time out while there is no output. 15
/// added `skipped`: the transaction had no output at all.
inline void update_progress(LogicalDecodingContext *ctx, bool skipped) {
#if PG_VERSION_NUM >= 150000
    OutputPluginUpdateProgress(ctx, skipped);
#else
    (void)skipped;
    OutputPluginUpdateProgress(ctx);
#endif
}

/// Whether the attribute is a virtual generated column, which 18 added.
inline bool is_virtual(Form_pg_attribute attribute) {
#if PG_VERSION_NUM >= 180000
    return attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL;
#else
    (void)attribute;
    return false;
#endif
}

/// The LSN up to which WAL is flushed to disk. 15 added the argument `insertTLI`.
inline XLogRecPtr flushed_wal() {
#if PG_VERSION_NUM >= 150000
    return GetFlushRecPtr(nullptr);
#else
    return GetFlushRecPtr();
#endif
}

/// The timeline that this server writes or, in recovery, replays. 15 replaced the variable by a function.
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

// The file of a relation that a WAL record changes. 16 renamed the struct and its fields.
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

/// The file of the first block that the record refers to.
inline File file_of(XLogReaderState *record) {
    File file;
    (void)XLogRecGetBlockTag(record, 0, &file, nullptr, nullptr);
    return file;
}

/// The relation of this database that has the file now, or InvalidOid. Needs a transaction.
inline Oid relation_of(const File &file) {
#if PG_VERSION_NUM >= 160000
    return RelidByRelfilenumber(file.spcOid, file.relNumber);
#else
    return RelidByRelfilenode(file.spcNode, file.relNode);
#endif
}

/// Whether the transaction has given the relation another file, other than for its creation: TRUNCATE does,
/// and ALTER TABLE that rewrites it. 16 renamed the field.
inline bool has_new_file(Relation relation) {
    if (relation->rd_createSubid != InvalidSubTransactionId)
        return false;
#if PG_VERSION_NUM >= 160000
    return relation->rd_firstRelfilelocatorSubid != InvalidSubTransactionId;
#else
    return relation->rd_firstRelfilenodeSubid != InvalidSubTransactionId;
#endif
}

/// Creates a logical slot without two-phase decoding, and acquires it. From 17 on it is synchronized to
/// standbys as a failover slot. 19 added slots for REPACK.
inline void create_slot(const char *name) {
    const bool db_specific = true, two_phase = false;
#if PG_VERSION_NUM >= 190000
    const bool repack = false, failover = true, synced = false;
    ReplicationSlotCreate(name, db_specific, RS_EPHEMERAL, two_phase, repack, failover, synced);
#elif PG_VERSION_NUM >= 170000
    const bool failover = true, synced = false;
    ReplicationSlotCreate(name, db_specific, RS_EPHEMERAL, two_phase, failover, synced);
#else
    ReplicationSlotCreate(name, db_specific, RS_EPHEMERAL, two_phase);
#endif
}

/// Acquires the slot; ERROR if another process has it. 18 added the argument `error_if_invalid`.
inline void acquire_slot(const char *name) {
    const bool nowait = true;
#if PG_VERSION_NUM >= 180000
    const bool error_if_invalid = true;
    ReplicationSlotAcquire(name, nowait, error_if_invalid);
#else
    ReplicationSlotAcquire(name, nowait);
#endif
}

/// Whether the server has invalidated the slot. 16 replaced the LSN by a cause.
inline bool is_invalidated(const ReplicationSlot *slot) {
#if PG_VERSION_NUM >= 160000
    return slot->data.invalidated != RS_INVAL_NONE;
#else
    return !XLogRecPtrIsInvalid(slot->data.invalidated_at);
#endif
}

/// The process that has the slot, or 0. Needs the slot's lock. 19 replaced the number by a reference.
inline int owner_of(const ReplicationSlot *slot) {
#if PG_VERSION_NUM >= 190000
    return slot->active_proc == INVALID_PROC_NUMBER ? 0 : GetPGProcByNumber(slot->active_proc)->pid;
#else
    return slot->active_pid;
#endif
}

/// ERROR if this server cannot decode. 19 added an argument for REPACK.
inline void check_decoding_requirements() {
#if PG_VERSION_NUM >= 190000
    CheckLogicalDecodingRequirements(false);
#else
    CheckLogicalDecodingRequirements();
#endif
}

/// Begins to decode from a new slot, without options, output, or snapshots that see tables of users. 19 added
/// an argument for REPACK.
inline LogicalDecodingContext *begin_decoding(const char *plugin, XLogReaderRoutine *routine) {
    const bool need_full_snapshot = false;
#if PG_VERSION_NUM >= 190000
    const bool for_repack = false;
    return CreateInitDecodingContext(plugin, NIL, need_full_snapshot, for_repack, InvalidXLogRecPtr, routine,
                                     nullptr, nullptr, nullptr);
#else
    return CreateInitDecodingContext(plugin, NIL, need_full_snapshot, InvalidXLogRecPtr, routine, nullptr,
                                     nullptr, nullptr);
#endif
}

// Replication origins. 19 renamed the type, and moved the session's into a struct.
#if PG_VERSION_NUM >= 190000
using OriginId = ReplOriginId;
constexpr OriginId no_origin = InvalidReplOriginId;
inline OriginId &session_origin() {
    return replorigin_xact_state.origin;
}
#else
using OriginId = RepOriginId;
constexpr OriginId no_origin = InvalidRepOriginId;
inline OriginId &session_origin() {
    return replorigin_session_origin;
}
#endif

// 19 made the identifiers of system caches an enumeration, and what is known of a query's constants const.
#if PG_VERSION_NUM >= 190000
using SysCacheId = SysCacheIdentifier;
using QueryJumble = const JumbleState;
#else
using SysCacheId = int;
using QueryJumble = JumbleState;
#endif

/// Whether a backslash quotes in an ordinary string literal. 19 always reads them as the standard says.
inline bool backslash_quotes() {
#if PG_VERSION_NUM >= 190000
    return false;
#else
    return !standard_conforming_strings;
#endif
}

/// Begins to scan a range of row addresses. 19 added flags.
inline TableScanDesc begin_tid_scan(Relation relation, Snapshot snapshot, ItemPointer from, ItemPointer to) {
#if PG_VERSION_NUM >= 190000
    return table_beginscan_tidrange(relation, snapshot, from, to, SO_NONE);
#else
    return table_beginscan_tidrange(relation, snapshot, from, to);
#endif
}

/// Builds a jsonb value from its parts. 19 put the result into the state.
class JsonbBuilder {
public:
    void push(JsonbIteratorToken token, JsonbValue *value = nullptr) {
#if PG_VERSION_NUM >= 190000
        pushJsonbValue(&state_, token, value);
#else
        result_ = pushJsonbValue(&state_, token, value);
#endif
    }

    Jsonb *result() {
#if PG_VERSION_NUM >= 190000
        return JsonbValueToJsonb(state_.result);
#else
        return JsonbValueToJsonb(result_);
#endif
    }

private:
#if PG_VERSION_NUM >= 190000
    JsonbInState state_ = {};
#else
    JsonbParseState *state_ = nullptr;
    JsonbValue *result_ = nullptr;
#endif
};

/// Requests shared memory. Call it while shared_preload_libraries are loaded. From 15 on such requests belong
/// into a hook.
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

/// The approximate number of days in an interval, of which ParseDateTime() made the fields; nullopt if they
/// are no valid interval. 15 replaced the struct of an interval's parts.
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

/// Whether this process holds the lock in that mode. 17 added the argument `orstronger`.
inline bool holds_lock(const LOCKTAG &tag, LOCKMODE mode) {
#if PG_VERSION_NUM >= 170000
    const bool or_stronger = false;
    return LockHeldByMe(&tag, mode, or_stronger);
#else
    return LockHeldByMe(&tag, mode);
#endif
}

/// Writes to the temporary file. 16 made `content` const.
inline void write_file(BufFile *file, const void *content, size_t size) {
#if PG_VERSION_NUM >= 160000
    BufFileWrite(file, content, size);
#else
    BufFileWrite(file, const_cast<void *>(content), size);
#endif
}

/// Whether the step of ALTER TABLE gives a generated column another expression: 17.
[[nodiscard]] inline bool sets_expression([[maybe_unused]] AlterTableType step) {
#if PG_VERSION_NUM >= 170000
    return step == AT_SetExpression;
#else
    return false;
#endif
}

} // namespace bemi::compat
