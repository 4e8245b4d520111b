// Transactions that a background worker begins and commits itself.
#pragma once

#include "base/names.hpp"
#include "base/spi.hpp"

namespace bemi {

/// Runs `body` in a transaction, and commits it as the user that `body` has made the current one.
template <typename Body> void in_transaction(Body &&body) {
    MemoryContext caller = CurrentMemoryContext;
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    SetCurrentStatementStartTimestamp(); // now() returns it
    StartTransactionCommand();
    body();
    CommitTransactionCommand();
    SetUserIdAndSecContext(user, security); // after an ERROR the abort restores them
    MemoryContextSwitchTo(caller);
}

/// Runs `body`, connected to SPI, as the owner of the extension, who stays the current user for the rest of
/// the transaction: triggers that PostgreSQL defers to the commit run as the owner too.
template <typename Body> void finish_as_owner(Body &&body) {
    names::hold_extension();
    spi::become_owner();
    PushActiveSnapshot(GetTransactionSnapshot());
    spi::connected(body);
    PopActiveSnapshot();
}

/// Runs `body` in a transaction as the owner of the extension, connected to SPI.
template <typename Body> void in_owners_transaction(Body &&body) {
    in_transaction([&body] { finish_as_owner(body); });
}

} // namespace bemi
