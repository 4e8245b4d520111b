// The comments for rows that deferred triggers write. Such triggers run at the end of the transaction or at
// SET CONSTRAINTS, and their rows carry the comments of the statement that queued them. PostgreSQL does not
// tell which statement that was. So if statements with different comments have queued triggers, the rows
// carry no comment: a wrong one would accuse somebody else.
#pragma once

#include "context/statement.hpp"

namespace bemi::context::deferred {

/// Whether the query may have queued deferred triggers: it has written to a table with a deferrable one.
[[nodiscard]] bool may_queue(const QueryDesc *query);

/// Whether the command may queue deferred triggers: it is COPY FROM.
[[nodiscard]] bool may_queue(Node *command);

/// Records the comments of the running statement. Call it after a statement that may have queued triggers.
void record();

/// The comments for rows of the deferred triggers. They stay valid until the transaction ends.
[[nodiscard]] statement::Comments comments();

/// Forgets all comments. Call it at the end of the transaction.
void forget();

} // namespace bemi::context::deferred
