// The comment of the statement that queued deferred triggers, which are run when the transaction ends or at
// SET CONSTRAINTS. PostgreSQL does not tell whose trigger it then runs, so where statements with different
// comments have queued some there is none: better no comment than another's.
#pragma once

#include "context/statement.hpp"

namespace bemi::deferred {

/// Whether the query has written to a table with a trigger of a user's that can be deferred.
[[nodiscard]] bool may_queue(const QueryDesc *query);

/// Whether the command writes to a table, whatever triggers that has: COPY FROM.
[[nodiscard]] bool may_queue(Node *command);

/// Takes note of the running statement's comments: it may have queued deferred triggers.
void note();

/// The comments that the deferred triggers' rows carry. They stay valid until the transaction ends.
[[nodiscard]] statement::Comments comments();

/// The transaction ends, and with it what it had queued.
void forget();

} // namespace bemi::deferred
