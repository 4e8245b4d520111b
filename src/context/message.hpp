// The messages of this transaction that say what context its rows have: a claim, and the facts.
#pragma once

#include "base/compat.hpp"
#include "context/frame.hpp"

#include <string_view>

namespace bemi::context::message {

enum class Emitted : uint8_t {
    nothing, // no message in this transaction
    known,   // the message in `last`
    unknown, // the last message was rolled back with its subtransaction, or may be decoded too late
};

/// One of the two kinds of messages, and its last message in this transaction: the one that is in force when
/// this point of the WAL is decoded.
struct Kind {
    XLogRecPtr (*write)(std::string_view utf8);
    Emitted emitted = Emitted::nothing;
    StringInfoData last = {};
    int level = 0;                      // nesting level of the subtransaction that emitted `last`
    XLogRecPtr end = InvalidXLogRecPtr; // the end of its WAL record
};

enum { claim, facts };
extern Kind kinds[execution::message_kinds];

/// Whether all messages of the session's context are known to be in force. Reset where one no longer is.
extern bool all_in_force;

/// Registers callbacks for the end of transactions and subtransactions. Call it once, when the library is
/// loaded.
void watch_transactions();

/// The message for a context or for facts, which are empty if there are none.
[[nodiscard]] std::string_view message_for(std::string_view object);

[[nodiscard]] bool is_in_force(const Kind &kind, std::string_view message);

/// Writes the message to the WAL.
void write(Kind &kind, std::string_view message);

/// Remembers the message as the last one that was written.
void remember(Kind &kind, std::string_view message);

} // namespace bemi::context::message
