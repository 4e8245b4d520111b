// The loop of the worker: decodes a batch, stores it, and tells the server up to where it need not keep the
// WAL.
#pragma once

#include "store/batch.hpp"
#include "store/sink_local.hpp"
#include "worker/baseline.hpp"
#include "worker/notification.hpp"
#include "worker/state.hpp"
#include "worker/wal_decoder.hpp"

namespace bemi::worker {

class Storing {
public:
    /// Acquires the slot and begins to decode where bemi.progress is.
    void open();
    /// Stores changes until another state is desired, which it returns.
    [[nodiscard]] state::Desired run(const state::Desired &desired);
    /// Stores what the slot still has, if that is less than a WAL segment; what is more is recorded as a gap.
    void finish(const state::Desired &desired);

private:
    /// Runs `body`, which has transactions of its own, with the catalogs of now instead of those of the WAL
    /// position.
    template <typename Body> void in_the_present(Body &&body);
    bool is_wanted();
    [[nodiscard]] bool store();
    void note(const store::sink::Stored &part);
    [[nodiscard]] bool is_rest_wanted();
    [[nodiscard]] bool keeps_much() const;
    void note_progress();
    void free_wal();
    void confirm();
    void confirm_if_due();
    void maintain_if_due();
    void work_on_baselines();
    void notify_listeners();
    void note_health();
    void wait();

    state::Desired desired_;
    WalDecoder decoder_;
    store::Batch batch_;
    Baseline baseline_;
    Notification notification_;
    MemoryContext memory_; // reset after each iteration
    store::sink::Stored stored_;
    XLogRecPtr confirmed_;
    XLogRecPtr kept_from_;
    bool frees_wal_;
    TimestampTz confirmed_at_;
    TimestampTz maintained_at_;
    int flush_polls_left_;
    bool ran_well_;
    bool has_successor_;
    TimestampTz turn_begun_at_;
    bool is_turn_over_;
};

/// Records that the changes from `from` to the end of the WAL will not be stored, because of bemi.stop().
void note_unstored(XLogRecPtr from, const state::Desired &desired);

} // namespace bemi::worker
