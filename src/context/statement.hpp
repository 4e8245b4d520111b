// The statement that the client is waiting for: its text and the context comments on it.
#pragma once

#include "guc.hpp"

#include <string_view>

namespace bemi::context::statement {

/// What the context comments of one kind say: JSON objects in the database's encoding, each empty if there is
/// no such comment.
struct Layers {
    std::string_view whole; ///< the last valid one before the first statement of the query string
    std::string_view own;   ///< the last valid one on the running statement
};
struct Comments {
    Layers tags; ///< of comments as sqlcommenter writes them
    Layers json; ///< of comments with JSON
};

/// The part of the client's work that runs.
enum class Part : uint8_t {
    itself,             ///< a statement, with the functions and triggers that it calls
    set_constraints,    ///< SET CONSTRAINTS, which runs triggers that other statements have queued
    end_of_transaction, ///< deferred triggers at the end of the transaction
    held_cursor,        ///< a cursor WITH HOLD, whose remaining rows are read at the end of its transaction
};

/// Installs the hook. Call it once, when the library is loaded.
void watch_statements();

/// Call it when another part begins.
void begin_part(Part part);

/// The part that began last.
[[nodiscard]] Part part();

/// Counts the statements and parts: anything derived from the running statement is stale once this counter
/// has changed. It is called for every row, so it must be cheap.
[[nodiscard]] uint64 serial();

/// Counts the client's statements, whatever these do.
[[nodiscard]] uint64 number();

/// The context comments on the running statement. They stay valid until serial() changes.
[[nodiscard]] Comments comments();

/// The running statement as the client has sent it, without its context comments, the white space around it
/// and the semicolon at its end, in the current memory context. Empty if no client has sent it, as in a
/// background worker.
[[nodiscard]] std::string_view text_without_comments();

} // namespace bemi::context::statement
