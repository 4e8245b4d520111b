// Queries whose rows are used one by one, without a copy of them all. They see what the active snapshot
// shows.
#pragma once

#include "base/compat.hpp"

#include <span>

namespace bemi::history {

/// A query with the types of its parameters.
struct Query {
    SPIPlanPtr plan;
    std::span<const Oid> types;
};

/// The query, whose plan is kept for the rest of the session. It is planned once, for all values.
[[nodiscard]] Query saved(SPIPlanPtr &plan, const char *sql, std::span<const Oid> types);

/// The query, whose plan is made for the values of its only execution.
[[nodiscard]] Query single(const char *sql, std::span<const Oid> types);

/// The query, whose plan is made once, for all executions until SPI_finish().
[[nodiscard]] Query repeated(const char *sql, std::span<const Oid> types);

/// Receives the rows of a query.
struct RowReceiver {
    DestReceiver receiver; // what PostgreSQL sees, hence the first member
    void (*use)(void *closure, TupleTableSlot *row);
    void *closure;
    MemoryContext memory; // of what `use` allocates
};

void run(const Query &query, const Datum *values, const bool *nulls, RowReceiver &receiver);

/// Runs the query, and calls `use` for each row, in a memory context that is reset after the row. Call it
/// between SPI_connect() and SPI_finish().
template <typename Use> void select(const Query &query, const Datum *values, const bool *nulls, Use &&use) {
    RowReceiver receiver{};
    receiver.closure = &use;
    receiver.use = [](void *closure, TupleTableSlot *row) {
        (*static_cast<std::remove_reference_t<Use> *>(closure))(row);
    };
    run(query, values, nulls, receiver);
}

/// Runs `body` with the snapshot active.
template <typename Body> void with_snapshot(Snapshot snapshot, Body &&body) {
    PushActiveSnapshot(snapshot); // after an ERROR the end of the (sub)transaction pops it
    body();
    PopActiveSnapshot();
}

} // namespace bemi::history
