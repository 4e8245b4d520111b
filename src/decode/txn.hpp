// A transaction that is being decoded.
#pragma once

#include "decode/change_id.hpp"
#include "decode/options/options.hpp"
#include "decode/values/iso_time.hpp"
#include "decode/values/text_settings.hpp"

#include <string_view>

namespace bemi::decode {

/// What is the same for all transactions of a session.
struct Session {
    const Options *options;
    uint64 system_identifier;
    Oid database;
    std::string_view database_name; // as a JSON string
    TextSettings text_settings;     // for formats that do not follow the session's
};

/// Owned if the transaction has it from a message since its latest savepoint, else NULL.
struct ContextText {
    std::string_view text;
    char *owned;
};

/// See context.hpp.
struct ContextTexts {
    ContextText claim;
    ContextText facts;
    ContextText merged; // of both, where that is more than the claim
};

/// See savepoint.hpp.
struct Savepoint {
    Savepoint *older;
    TransactionId subtransaction;
    uint64 next_sequence;
    XLogRecPtr last_message;
    std::string_view context;
    uint64 context_version;
    ContextTexts context_texts;
};

struct Txn {
    ChangeId ids;               // if it is committed
    XLogRecPtr commit_position; // invalid as long as it is not committed
    XLogRecPtr end_position;    // behind the commit, or the PREPARE; invalid as long as there is neither
    uint64 id;                  // with epoch, or no_transaction
    RepOriginId origin;
    TimestampTz commit_time;
    char committed_at_text[iso_time_room];
    size_t committed_at_size;
    std::string_view context;
    uint64 context_version; // no two contexts of this process have the same
    ContextTexts context_texts;
    uint64 next_sequence;
    uint64 sent_up_to;       // behind the last change that was sent
    XLogRecPtr last_message; // that was sent; they have no numbers, as theirs would depend on memory
    Savepoint *savepoint;    // the latest
    const char *gid;         // of a prepared transaction
    bool has_output;
    bool is_cut_short; // rolled back before all of it was read: there may be more than we know of

    [[nodiscard]] bool has_sent() const { return sent_up_to > 0 || !XLogRecPtrIsInvalid(last_message); }
    [[nodiscard]] bool is_committed() const { return commit_position != InvalidXLogRecPtr; }
    [[nodiscard]] std::string_view committed_at() const { return {committed_at_text, committed_at_size}; }
};

inline constexpr uint64 no_transaction = 0;
inline constexpr std::string_view no_context = "{}";
inline constexpr uint64 no_context_version = 0;

/// What stands in for the transaction of a message outside any, at `position`.
[[nodiscard]] Txn placeholder_txn(const Session &session, XLogRecPtr position);

/// One that is committed, in the current memory context.
[[nodiscard]] Txn *make_committed_txn(const Session &session, const ReorderBufferTXN *txn);
/// One that is in progress or prepared, in the current memory context.
[[nodiscard]] Txn *make_uncommitted_txn(const Session &session, const ReorderBufferTXN *txn);
void set_committed(Txn &txn, const Session &session, const ReorderBufferTXN *committed);
void free_txn(Txn *txn);

} // namespace bemi::decode
