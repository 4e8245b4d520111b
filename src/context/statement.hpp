// The statement that the client is waiting for: its text and the context comments on it.
#pragma once

#include "guc.hpp"

#include <string_view>

namespace bemi::statement {

/// The JSON of the last valid context comment before the whole string and of that on the statement itself, in
/// the server's encoding; empty where there is none.
struct Comments {
    std::string_view whole;
    std::string_view own;
};

/// What is being done for the client.
enum class Part : uint8_t {
    itself,             ///< a statement, with all that it calls
    set_constraints,    ///< SET CONSTRAINTS, which runs what others have queued
    end_of_transaction, ///< what was queued, with no statement around it any more
    held_cursor,        ///< a cursor WITH HOLD, whose rows are read when its transaction ends
};

/// To be called once, when the library is loaded.
void watch_statements();

/// Says what begins now.
void begin_part(Part part);

/// What was begun last.
[[nodiscard]] Part part();

/// Counts the statements and parts seen: another number, another statement. Cheap enough to be asked for
/// every row.
[[nodiscard]] uint64 serial();

/// The comments on the running statement. They stay valid until serial() returns another number.
[[nodiscard]] Comments comments();

/// The statement as the client sent it, in the current memory context, without context comments, the white
/// space around it and the semicolon at its end; empty when there is none (a background worker, say).
[[nodiscard]] std::string_view text_without_comments();

} // namespace bemi::statement
