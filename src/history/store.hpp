// What the functions ask of the store before they read it. Call them between SPI_connect() and SPI_finish().
#pragma once

#include "history/cut.hpp"

namespace bemi::history {

/// Waits until all changes are stored that were committed before the call; on a standby, that the standby
/// has.
void sync();

/// ERROR unless all changes of the table since the cut are stored.
void require_past(Oid relation, const Cut &cut);

/// Makes the snapshot active, but for what the own transaction has done: that is not stored before its
/// commit.
template <typename Body> void with_committed(Snapshot snapshot, Body &&body) {
    PushCopiedSnapshot(snapshot);
    GetActiveSnapshot()->curcid = FirstCommandId;
    body();
    PopActiveSnapshot();
}

} // namespace bemi::history
