// The formats in which changes are written: a closed set of tables of functions. A format writes one line at
// a time, in the database's encoding and without the line break.
#pragma once

#include "plan.hpp"
#include "txn.hpp"

namespace bemi::decode {

/// An operation on one table. The rows are in its plan; of a truncation there are none.
struct Change {
    Operation operation;
    RelationPlan *relation;
    XLogRecPtr position;
    uint64 sequence;
};

/// A logical message of somebody else's.
struct Message {
    std::string_view prefix;
    std::string_view content;
    XLogRecPtr position;
    uint64 sequence;
};

/// What a client that gets changes before their transaction is committed is told of the transaction.
enum class Progress : uint8_t {
    begin_prepare,
    prepare,
    commit_prepared,
    rollback_prepared,
    stream_commit,
    stream_abort, // of what has the number `next_sequence` or a higher one
};

struct Format {
    const char *table_filter;       // the options that leave out tables
    const char *message_filter;     // and messages; NULL where there is no client to set them
    bool needs_identity;            // has no lines for updates and deletes of a relation without one
    bool bounds_empty_transactions; // has BEGIN and COMMIT lines for them too

    void (*begin)(JsonWriter &out, const Session &session, const Txn &txn);
    void (*change)(JsonWriter &out, const Session &session, const Txn &txn, const Change &change);
    void (*message)(JsonWriter &out, const Session &session, const Txn &txn, const Message &message);
    void (*commit)(JsonWriter &out, const Session &session, const Txn &txn);
    void (*progress)(JsonWriter &out, const Session &session, const Txn &txn, Progress progress) = nullptr;
};

extern const Format bemi_format;
extern const Format wal2json_format;
extern const Format wal2json_1_format;
extern const Format record_format; // of changes only

} // namespace bemi::decode
