// Transactions of the worker.
#pragma once

#include "base/spi.hpp"

namespace bemi {

/// Runs `body` in a transaction. The user that it leaves as the current one stays that through the commit.
template <typename Body> void in_transaction(Body &&body) {
    MemoryContext caller = CurrentMemoryContext;
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    SetCurrentStatementStartTimestamp(); // what now() says
    StartTransactionCommand();
    body();
    CommitTransactionCommand();
    SetUserIdAndSecContext(user, security); // which an ERROR restores as well
    MemoryContextSwitchTo(caller);
}

/// Runs `body`, connected to SPI, and what is left of the transaction as the owner of the extension.
template <typename Body> void finish_as_owner(Body &&body) {
    spi::become_owner();
    PushActiveSnapshot(GetTransactionSnapshot());
    spi::connected(body);
    PopActiveSnapshot();
}

/// Runs `body` in a transaction of the owner of the extension, connected to SPI.
template <typename Body> void in_owners_transaction(Body &&body) {
    in_transaction([&body] { finish_as_owner(body); });
}

} // namespace bemi
