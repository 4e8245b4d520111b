// Changes as the store takes them: not one line of JSON, but a record of what becomes the columns of a row.
#pragma once

#include "change_id.hpp"
#include "compat.hpp"
#include "operation.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace bemi::decode {

/// How a record begins. The texts follow it in this order, each with a zero byte behind it that its size does
/// not count, all in the database's encoding.
struct RecordHeader {
    unsigned char id[ChangeId::size];
    Operation operation;
    bool has_primary_key;
    TimestampTz committed_at;
    uint64 transaction_id;
    XLogRecPtr position;
    XLogRecPtr commit_position;
    XLogRecPtr end_position; // of the transaction: behind its commit
    uint64 sequence;
    uint32 schema;
    uint32 table;
    uint32 primary_key;
    uint32 before;
    uint32 after;
    uint32 context;
};

/// A record that was read. Every text ends with a zero byte.
struct Record : RecordHeader {
    std::string_view schema_name;
    std::string_view table_name;
    std::string_view primary_key_text;
    std::string_view before_json;
    std::string_view after_json;
    std::string_view context_json;
};

/// The record that `bytes` hold, which it points into.
[[nodiscard]] Record read_record(const char *bytes);

/// The options of a session whose output is records of the tracked tables' changes.
[[nodiscard]] List *record_session_options();

/// Leaves out the changes of `given_up`, which must be in their order and live as long as the session.
void leave_out(LogicalDecodingContext *ctx, std::span<const ChangeKey> given_up);

/// The change that an ERROR kept from becoming a record, without its rows; none if the ERROR had nothing to
/// do with a change.
[[nodiscard]] std::optional<Record> unfinished_record(LogicalDecodingContext *ctx);

} // namespace bemi::decode
