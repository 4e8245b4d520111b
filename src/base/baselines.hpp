// bemi.baselines: whose rows are wanted as changes with operation BASELINE, and how far the worker has got.
// This file alone writes the table. Commands in sessions make the requests, the worker does what they ask
// for.
#pragma once

#include "base/compat.hpp"

namespace bemi::baselines {

struct Request {
    int64 id;
    Oid relation;
    Oid filenode; // of the table when its rows were last read; invalid before
    int64 since;  // the position from which on the history is known that tells of these rows
    BlockNumber next_block;
    OffsetNumber next_row;
    int64 rows; // how many rows are stored
};

/// Requests the rows of a table in the caller's transaction, as the owner of the extension. The worker learns
/// of it at the commit.
void request(Oid relation);

/// Requests the rows of a table anew whose history has begun anew, if it has a baseline that was not in vain,
/// or had one under this name on the server or in the database that this one comes from. As the owner,
/// connected to SPI.
void request_again(Oid relation, const char *schema, const char *table);

/// Reads the next request after that with the number `previous`, in a circle, of those that can be done now;
/// false if there is none. `any_left` tells whether there are some that have failed a moment ago. As the
/// owner, connected to SPI.
[[nodiscard]] bool next(int64 previous, Request &request, bool &any_left);

/// Notes how far the request is. As the owner, connected to SPI.
void advance(const Request &request, BlockNumber blocks, bool is_finished);

/// The rows are to be read from the first one on again. As the owner, connected to SPI.
void begin_again(int64 id);

/// Ends a request that makes no sense any more, for a reason. As the owner, connected to SPI.
void give_up(int64 id, const char *reason);

/// Notes an error; the request is tried again later. As the owner, connected to SPI.
void fail(int64 id, const ErrorData &error);

/// Whether there may be new requests since next() was called last. Invalidation messages tell so.
[[nodiscard]] bool may_be_new();

} // namespace bemi::baselines
