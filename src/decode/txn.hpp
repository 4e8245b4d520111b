// The state of a transaction that is being decoded.
#pragma once

#include "base/text_settings.hpp"
#include "decode/change_id.hpp"
#include "decode/options/options.hpp"
#include "decode/values/iso_time.hpp"

#include <string_view>

namespace bemi::decode {

/// Properties of a decoding session.
struct Session {
    const Options *options;
    uint64 system_identifier;
    Oid database;
    std::string_view database_name; // as a JSON string
    TextSettings
        text_settings; // in force while values are written, unless the format uses those of the session
};

/// A text from a message. `owned` is its memory if the message came after the latest savepoint; else it is
/// NULL, and a savepoint owns the text.
struct ContextText {
    std::string_view text;
    char *owned;
};

/// Maintained by context.hpp.
struct ContextTexts {
    ContextText claim;
    ContextText facts;
    ContextText merged; // claim and facts; empty if the claim alone is the context
};

/// The state before the first change of a subtransaction; see savepoint.hpp.
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
    ChangeId ids;               // set at the commit
    XLogRecPtr commit_position; // invalid until the commit
    XLogRecPtr end_position;    // after the commit or PREPARE record; invalid until one is read
    uint64 id;                  // with epoch, or no_transaction
    compat::OriginId origin;
    TimestampTz commit_time;
    char committed_at_text[iso_time_room];
    size_t committed_at_size;
    std::string_view context;
    uint64 context_version; // unique within the process for each context
    ContextTexts context_texts;
    uint64 next_sequence;
    uint64 sent_up_to;       // sequence after that of the last change that was sent
    XLogRecPtr last_message; // position of the last message that was sent
    Savepoint *savepoint;    // the latest one
    const char *gid;         // of a prepared transaction
    bool has_output;
    bool is_cut_short; // rolled back before all of it was decoded: it may have sent more than this state says

    [[nodiscard]] bool has_sent() const { return sent_up_to > 0 || !XLogRecPtrIsInvalid(last_message); }
    [[nodiscard]] bool is_committed() const { return commit_position != InvalidXLogRecPtr; }
    [[nodiscard]] std::string_view committed_at() const { return {committed_at_text, committed_at_size}; }
};

inline constexpr uint64 no_transaction = 0;
inline constexpr std::string_view no_context = "{}";
inline constexpr uint64 no_context_version = 0;

/// Stands for the transaction of a non-transactional message at `position`.
[[nodiscard]] Txn placeholder_txn(const Session &session, XLogRecPtr position);

/// Makes the state of a committed transaction in the current memory context.
[[nodiscard]] Txn *make_committed_txn(const Session &session, const ReorderBufferTXN *txn);
/// Makes the state of a transaction in progress or prepared, in the current memory context.
[[nodiscard]] Txn *make_uncommitted_txn(const Session &session, const ReorderBufferTXN *txn);
/// Sets what is known only at the commit.
void set_committed(Txn &txn, const Session &session, const ReorderBufferTXN *committed);
/// Frees the state with its savepoints and context.
void free_txn(Txn *txn);

} // namespace bemi::decode
