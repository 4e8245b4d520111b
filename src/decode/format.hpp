// A format in which changes are written: a table of functions. A format writes one line at a time, in the
// database's encoding and without the line break.
#pragma once

#include "decode/relation_entry.hpp"
#include "decode/txn.hpp"
#include "table_message.hpp"

namespace bemi::decode {

/// An operation on one row or, for TRUNCATE, on one table. The rows are in the relation entry.
struct Change {
    Operation operation;
    RelationEntry *relation;
    XLogRecPtr position;
    uint64 sequence;
    std::string_view context; // as JSON
    uint64 context_version;
    const ErrorData *fault = nullptr; // why some values, or the whole change, cannot be written
};

/// A logical message.
struct Message {
    std::string_view prefix;
    std::string_view content;
    XLogRecPtr position;
};

/// That a relation is, or may be, not as it was.
struct TableNews {
    Oid relation;
    TableEvent event;
    uint64 sequence;        // of the change before which it became known
    std::string_view state; // what table_state() made; empty if the relation was dropped
};

/// The lines about a transaction whose changes are sent before its commit.
enum class Progress : uint8_t {
    begin_prepare,
    prepare,
    commit_prepared,
    rollback_prepared,
    stream_commit,
    stream_abort, // takes back changes from Txn::next_sequence on, and messages after Txn::last_message
};

/// What a relation entry depends on besides the relation itself and the casts of its types.
struct Dependencies {
    bool type_names;
    bool expressions; // and so on every object that the text of an expression may name
};

struct Format {
    const FormatOptions &options;
    const char *table_filter;   // the option with which a client leaves out tables
    const char *message_filter; // and messages; both NULL in a format without clients

    // These make parts of a relation entry, in the current memory context.
    std::string_view (*names)(const RelationEntry &entry, const Options &options);
    ColumnWriter (*column)(Relation relation, Form_pg_attribute attribute, const Options &options);
    std::span<ColumnWriter> (*primary_key)(Relation relation, std::span<ColumnWriter> columns);
    Dependencies (*dependencies)(const Options &options) = nullptr;

    bool needs_identity = false;         // has no lines for updates and deletes without a replica identity
    bool has_materialized_views = false; // has lines for changes of their rows
    bool has_empty_transactions = false; // has BEGIN and COMMIT lines for empty transactions

    void (*begin)(json::Writer &out, const Session &session, const Txn &txn);
    void (*change)(json::Writer &out, const Session &session, const Txn &txn, const Change &change);
    /// Writes that a change could not be written; without this function, the ERROR ends the stream.
    void (*missing)(json::Writer &out, const Txn &txn, const Change &change) = nullptr;
    /// Describes the relation as it is at that place of the WAL, for `table`, which writes a record about it.
    std::string_view (*table_state)(Relation relation, const RelationEntry &entry) = nullptr;
    void (*table)(json::Writer &out, const Txn &txn, const TableNews &news) = nullptr;
    void (*message)(json::Writer &out, const Session &session, const Txn &txn, const Message &message);
    void (*commit)(json::Writer &out, const Session &session, const Txn &txn);
    void (*progress)(json::Writer &out, const Session &session, const Txn &txn, Progress progress) = nullptr;
};

} // namespace bemi::decode
