// Changes as the store takes them: not one line of JSON, but a record of what becomes the columns of a row.
#pragma once

#include "base/compat.hpp"
#include "decode/change_id.hpp"
#include "decode/options/operation.hpp"

#include <string_view>

namespace bemi::decode {

/// How a record begins. The texts follow it in this order, the context last, each with a zero byte behind it
/// that its size does not count, all in the database's encoding.
struct ChangeRowHeader {
    unsigned char id[ChangeId::size];
    Operation operation;
    bool has_primary_key;
    bool is_missing; // there is no more of it than this, the names and the fault
    int sqlstate;    // of the fault, which some values, or all of it, are left out for; 0: there is none
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
    uint32 fault;
    uint32 left_out;
    uint32 context;
};

/// A record that was read. Every text ends with a zero byte.
struct ChangeRow : ChangeRowHeader {
    std::string_view schema_name;
    std::string_view table_name;
    std::string_view primary_key_text;
    std::string_view before_json;
    std::string_view after_json;
    std::string_view context_json;
    std::string_view fault_message;
    std::string_view left_out_values; // as "before.\"q\" left out, after.\"q\" left out"
};

/// How much of a record comes before its context.
[[nodiscard]] size_t size_without_context(std::string_view record);

/// The record that `bytes` hold, which it points into, as it does into its context.
[[nodiscard]] ChangeRow read_change_row(const char *bytes, const char *context);

/// The options of a session whose output is records of the tracked tables' changes.
[[nodiscard]] List *change_row_session_options();

} // namespace bemi::decode
