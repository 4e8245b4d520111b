#include "worker/wal_search.hpp"

#include "base/names.hpp"
#include "base/transaction.hpp"
#include "decode/own_writes.hpp"
#include "worker/wal.hpp"

namespace bemi::worker::wal {
namespace {

uint8 operation_of(XLogReaderState *record) {
    return XLogRecGetInfo(record) & XLOG_HEAP_OPMASK;
}

template <typename Data> const Data &data_of(XLogReaderState *record) {
    return *reinterpret_cast<const Data *>(XLogRecGetData(record));
}

/// Whether logical decoding would find a row in the record. It finds none in records of catalogs.
bool has_row(XLogReaderState *record) {
    if (XLogRecGetRmid(record) == RM_HEAP2_ID)
        return operation_of(record) == XLOG_HEAP2_MULTI_INSERT &&
               (data_of<xl_heap_multi_insert>(record).flags & XLH_INSERT_CONTAINS_NEW_TUPLE) != 0;
    if (XLogRecGetRmid(record) != RM_HEAP_ID)
        return false;
    switch (operation_of(record)) {
    case XLOG_HEAP_INSERT: {
        const uint8 flags = data_of<xl_heap_insert>(record).flags;
        // A TOAST value belongs to a row that has a record of its own.
        return (flags & XLH_INSERT_CONTAINS_NEW_TUPLE) != 0 && (flags & XLH_INSERT_ON_TOAST_RELATION) == 0;
    }
    case XLOG_HEAP_UPDATE:
    case XLOG_HEAP_HOT_UPDATE:
        return (data_of<xl_heap_update>(record).flags & XLH_UPDATE_CONTAINS_NEW_TUPLE) != 0;
    case XLOG_HEAP_DELETE:
        return (data_of<xl_heap_delete>(record).flags & XLH_DELETE_CONTAINS_OLD) != 0;
    default:
        return false;
    }
}

/// Whether the server goes on with a wal_level below logical: the rows that follow cannot be decoded.
bool lowers_wal_level(XLogReaderState *record) {
    if (XLogRecGetRmid(record) != RM_XLOG_ID ||
        (XLogRecGetInfo(record) & ~XLR_INFO_MASK) != XLOG_PARAMETER_CHANGE)
        return false;
    xl_parameter_change change;
    memcpy(&change, XLogRecGetData(record), sizeof(change));
    return change.wal_level < WAL_LEVEL_LOGICAL;
}

bool is_truncate(XLogReaderState *record) {
    return XLogRecGetRmid(record) == RM_HEAP_ID && operation_of(record) == XLOG_HEAP_TRUNCATE;
}

/// A table that was dropped since cannot be looked up and counts as a user's.
bool is_own_table(const compat::File &file) {
    const Oid relation = compat::relation_of(file), schema = names::own_schema();
    return OidIsValid(relation) && OidIsValid(schema) && get_rel_namespace(relation) == schema;
}

class Search {
public:
    Search() {
        HASHCTL control{};
        control.keysize = control.entrysize = sizeof(TransactionId);
        control.hcxt = CurrentMemoryContext;
        constexpr long expected = 64;
        writers_ = hash_create("bemi writers", expected, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    }

    /// Takes the next record. Returns whether changes may be lost: the record commits a transaction that
    /// changed rows, or it lowers wal_level, so that later rows could not be seen.
    [[nodiscard]] bool take(XLogReaderState *record) {
        if (lowers_wal_level(record))
            return true;
        if (own_writes_.recognize(record)) {
            if (TransactionIdIsValid(XLogRecGetXid(record)))
                last_own_ = XLogRecGetXid(record);
            return false;
        }
        if (XLogRecGetRmid(record) == RM_XACT_ID)
            return take_end(record);
        if (changes_rows(record)) {
            const TransactionId writer = XLogRecGetXid(record);
            (void)hash_search(writers_, &writer, HASH_ENTER, nullptr);
        }
        return false;
    }

    /// Whether a transaction was committed that may have changed rows before the position where the search
    /// began. The search begins at the progress that the worker's last transaction wrote, so every
    /// transaction with a later xid began within the searched WAL.
    [[nodiscard]] bool has_older() const {
        return TransactionIdIsValid(oldest_) &&
               (!TransactionIdIsValid(last_own_) || TransactionIdPrecedes(oldest_, last_own_));
    }

private:
    static bool changes_rows(XLogReaderState *record) {
        if (is_truncate(record))
            return data_of<xl_heap_truncate>(record).dbId == MyDatabaseId;
        if (!has_row(record))
            return false;
        const compat::File file = compat::file_of(record);
        return compat::database_of(file) == MyDatabaseId && !is_own_table(file);
    }

    [[nodiscard]] bool take_end(XLogReaderState *record) {
        const uint8 end = XLogRecGetInfo(record) & XLOG_XACT_OPMASK;
        if (end != XLOG_XACT_COMMIT && end != XLOG_XACT_COMMIT_PREPARED)
            return false;
        xl_xact_parsed_commit commit;
        ParseCommitRecord(XLogRecGetInfo(record), reinterpret_cast<xl_xact_commit *>(XLogRecGetData(record)),
                          &commit);
        if (commit.dbId != MyDatabaseId)
            return false;
        return has_written(commit, end == XLOG_XACT_COMMIT ? XLogRecGetXid(record) : commit.twophase_xid);
    }

    [[nodiscard]] bool has_written(const xl_xact_parsed_commit &commit, TransactionId transaction) {
        if (!TransactionIdIsValid(transaction))
            return false;
        if (!TransactionIdIsValid(oldest_) || TransactionIdPrecedes(transaction, oldest_))
            oldest_ = transaction;
        bool found = is_writer(transaction);
        for (int i = 0; i < commit.nsubxacts && !found; i++)
            found = is_writer(commit.subxacts[i]);
        return found;
    }

    [[nodiscard]] bool is_writer(TransactionId transaction) const {
        bool found;
        (void)hash_search(writers_, &transaction, HASH_FIND, &found);
        return found;
    }

    HTAB *writers_; // transactions and subtransactions that changed rows
    decode::OwnWrites own_writes_{};
    TransactionId last_own_ = InvalidTransactionId;
    TransactionId oldest_ = InvalidTransactionId; // of those that were committed
};

/// Whether the search found a change, or could not read on.
bool search(XLogReaderState *reader, XLogRecPtr to) {
    Search search;
    while (reader->EndRecPtr < to) {
        char *error = nullptr;
        CHECK_FOR_INTERRUPTS();
        if (XLogReadRecord(reader, &error) == nullptr || search.take(reader))
            return true;
    }
    return search.has_older();
}

} // namespace

bool may_have_changes_in_transaction(XLogRecPtr from, XLogRecPtr to) {
    if (!is_complete(from, to))
        return true;
    XLogReaderRoutine routine = reader_routine();
    XLogReaderState *reader = XLogReaderAllocate(wal_segment_size, nullptr, &routine, nullptr);
    XLogBeginRead(reader, from);
    const bool found = search(reader, to);
    XLogReaderFree(reader);
    return found;
}

bool may_have_changes(XLogRecPtr from, XLogRecPtr to) {
    bool found = false;
    in_transaction([&] { found = may_have_changes_in_transaction(from, to); });
    return found;
}

} // namespace bemi::worker::wal
