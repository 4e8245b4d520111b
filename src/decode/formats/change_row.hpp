// The format that bemi's worker reads, in records instead of lines. A change becomes a change row, whose
// parts become the columns of a row of bemi.changes. Before the first change of a table, and when the table
// is not as it was, there is a record about the table itself.
#pragma once

#include "base/compat.hpp"
#include "decode/change_id.hpp"
#include "decode/options/operation.hpp"
#include "table_message.hpp"

#include <string_view>

namespace bemi::decode {

/// The start of each record.
struct RecordHeader {
    enum class Kind : uint8 { change, table, erasure };

    Kind kind;
    TimestampTz committed_at;
    uint64 transaction_id;
    XLogRecPtr commit_position;
    XLogRecPtr end_position; // of the transaction, after its commit record
    uint64 sequence;         // of the change, or of the change that follows
};

/// The start of a change row. The texts whose sizes it contains follow in this order, in the database's
/// encoding. A zero byte ends each text and is not counted in its size.
struct ChangeRowHeader : RecordHeader {
    unsigned char id[ChangeId::size];
    Operation operation;
    bool has_primary_key;
    bool has_old_key; // the change has given the row another primary key
    bool is_missing;  // the change could not be written: only its names, context and fault follow
    int sqlstate;     // of the fault, because of which some values or all are left out; 0: no fault
    XLogRecPtr position;
    // Sizes of the texts in bytes.
    uint32 schema;
    uint32 table;
    uint32 primary_key;
    uint32 old_key;
    uint32 before;
    uint32 after;
    uint32 fault;
    uint32 left_out;
    uint32 context;
};

/// A change row that was read. A zero byte follows every text.
struct ChangeRow : ChangeRowHeader {
    std::string_view schema_name;
    std::string_view table_name;
    std::string_view primary_key_text;
    std::string_view old_key_text;
    std::string_view before_json;
    std::string_view after_json;
    std::string_view context_json;
    std::string_view fault_message;
    std::string_view left_out_values; // as "before.\"q\" left out, after.\"q\" left out"
};

/// The start of a record about a table. What table_state() says about it follows, and a zero byte.
struct TableRecordHeader : RecordHeader {
    Oid relation;
    TableEvent event;
    uint32 state; // size in bytes; 0: the table was dropped
};

struct TableRecord : TableRecordHeader {
    std::string_view state_json;
};

/// The start of a record about a call of bemi.erase(). Its JSON follows, and a zero byte.
struct ErasureRecordHeader : RecordHeader {
    unsigned char id[ChangeId::size];
    XLogRecPtr position;
    uint32 request; // size in bytes
};

struct ErasureRecord : ErasureRecordHeader {
    std::string_view request_json;
};

[[nodiscard]] RecordHeader read_header(const char *bytes);

/// Reads a record about a table. The result points into `bytes`.
[[nodiscard]] TableRecord read_table_record(const char *bytes);

/// Reads a record about a call of bemi.erase(). The result points into `bytes`.
[[nodiscard]] ErasureRecord read_erasure_record(const char *bytes);

/// The size in bytes of a change row without its context, which comes last.
[[nodiscard]] size_t size_without_context(std::string_view row);

/// Reads a change row whose context is stored apart. The result points into `bytes` and `context`.
[[nodiscard]] ChangeRow read_change_row(const char *bytes, const char *context);

/// The options of a session that decodes changes of tracked tables into change rows.
[[nodiscard]] List *change_row_session_options();

} // namespace bemi::decode
