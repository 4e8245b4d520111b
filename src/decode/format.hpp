// The formats in which changes are written: a closed set of tables of functions. A format writes one line at
// a time, in the database's encoding and without the line break.
#pragma once

#include "decode/relation_entry.hpp"
#include "decode/txn.hpp"

namespace bemi::decode {

/// An operation on one table. The rows are in its entry; of a truncation there are none.
struct Change {
    Operation operation;
    RelationEntry *relation;
    XLogRecPtr position;
    uint64 sequence;
    std::string_view context; // as JSON
    uint64 context_version;
    const ErrorData *fault = nullptr; // why some values of the rows, or all of the change, cannot be written
};

/// A logical message of somebody else's.
struct Message {
    std::string_view prefix;
    std::string_view content;
    XLogRecPtr position;
};

/// What a client that gets changes before their transaction is committed is told of the transaction.
enum class Progress : uint8_t {
    begin_prepare,
    prepare,
    commit_prepared,
    rollback_prepared,
    stream_commit,
    stream_abort, // of changes from `next_sequence` on, and of messages behind `last_message`
};

/// What a entry depends on beside the relation itself and the casts of its types.
struct Dependencies {
    bool type_names;
    bool expressions; // and so all that the text of one may name
};

/// `missing`, where there is one, writes instead of a change that it cannot be written; without it the ERROR
/// is the client's.
struct Format {
    const FormatOptions &options;
    const char *table_filter;   // the options that leave out tables
    const char *message_filter; // and messages; NULL where there is no client to set them

    // What a format puts into the entry of a relation, in the current memory context.
    std::string_view (*names)(const RelationEntry &entry, const Options &options);
    ColumnWriter (*column)(Relation relation, Form_pg_attribute attribute, const Options &options);
    std::span<ColumnWriter> (*primary_key)(Relation relation, std::span<ColumnWriter> columns);
    Dependencies (*dependencies)(const Options &options) = nullptr;

    bool needs_identity = false;         // has no lines for updates and deletes of a relation without one
    bool has_materialized_views = false; // has lines for their rows
    bool has_empty_transactions = false; // has BEGIN and COMMIT lines for them too

    void (*begin)(JsonWriter &out, const Session &session, const Txn &txn);
    void (*change)(JsonWriter &out, const Session &session, const Txn &txn, const Change &change);
    void (*missing)(JsonWriter &out, const Txn &txn, const Change &change) = nullptr;
    void (*message)(JsonWriter &out, const Session &session, const Txn &txn, const Message &message);
    void (*commit)(JsonWriter &out, const Session &session, const Txn &txn);
    void (*progress)(JsonWriter &out, const Session &session, const Txn &txn, Progress progress) = nullptr;
};

} // namespace bemi::decode
