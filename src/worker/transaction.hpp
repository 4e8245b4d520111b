// Transactions of the worker.
#pragma once

#include "track/spi.hpp"

namespace bemi {

/// Runs `body` in a transaction.
template <typename Body> void in_transaction(Body &&body) {
    MemoryContext caller = CurrentMemoryContext;
    SetCurrentStatementStartTimestamp(); // what now() says
    StartTransactionCommand();
    body();
    CommitTransactionCommand();
    MemoryContextSwitchTo(caller);
}

/// The same as the owner of the extension, connected to SPI.
template <typename Body> void in_owners_transaction(Body &&body) {
    in_transaction([&body] {
        PushActiveSnapshot(GetTransactionSnapshot());
        spi::as_owner(body);
        PopActiveSnapshot();
    });
}

} // namespace bemi
