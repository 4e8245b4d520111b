// Baselines in the worker: reads the rows of a table in chunks, and stores each once all is stored that was
// committed before it was read. Storing changes goes on between the chunks.
#pragma once

#include "worker/baseline_chunk.hpp"

namespace bemi::worker {

class Baseline {
public:
    /// In a memory context that lasts.
    void open();

    /// Whether work() has something to do without waiting. All up to `stored` is stored.
    [[nodiscard]] bool is_due(XLogRecPtr stored) const;

    /// Whether somebody may have made a request that work() is to look at.
    [[nodiscard]] bool may_be_wanted() const { return state_ == State::idle && baselines::may_be_new(); }

    /// Does a small part of the work, if it is due or there may be new requests, in transactions of its own.
    /// An error is noted in bemi.baselines and does not stop the worker. Returns how many rows were stored.
    uint64 work(XLogRecPtr stored);

private:
    void choose();
    void read();
    uint64 store(XLogRecPtr stored);
    uint64 do_next(XLogRecPtr stored);
    void look_again(int milliseconds);

    enum class State : uint8 { idle, chosen, read };

    State state_;
    baselines::Request request_;
    BaselineChunk chunk_;
    TimestampTz look_again_at_; // 0: there is nothing to look at
};

} // namespace bemi::worker
