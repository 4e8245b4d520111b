#include "worker/wal_decoder.hpp"

#include "base/lsn.hpp"
#include "base/memory.hpp"
#include "base/text.hpp"
#include "decode/formats/change_row.hpp"
#include "worker/shared.hpp"
#include "worker/slot.hpp"
#include "worker/wal.hpp"

namespace bemi::worker {
namespace {

/// take_change() leaves the buffer empty for the next change.
void prepare_write(LogicalDecodingContext *, XLogRecPtr, TransactionId, bool) {}

void take_change(LogicalDecodingContext *decoding, XLogRecPtr, TransactionId, bool) {
    auto *batch = static_cast<store::Batch *>(decoding->output_writer_private);
    const std::string_view record = view_of(*decoding->out);
    const decode::RecordHeader header = decode::read_header(record.data());
    if (batch->empty())
        shared::begin_batch(header.transaction_id, header.committed_at);
    if (header.kind == decode::RecordHeader::Kind::change) {
        const size_t size = decode::size_without_context(record);
        shared::add_to_batch();
        batch->add(record.substr(0, size), record.substr(size));
    } else {
        batch->add(record);
    }
    clear(decoding->out);
}

/// Backends with PROC_IN_LOGICAL_DECODING are ignored in snapshots. This one also runs writing transactions,
/// which must be visible as running: clear the flag.
void enter_snapshots() {
    LWLockAcquire(ProcArrayLock, LW_EXCLUSIVE);
    MyProc->statusFlags &= static_cast<uint8>(~PROC_IN_LOGICAL_DECODING);
    ProcGlobal->statusFlags[MyProc->pgxactoff] = MyProc->statusFlags;
    LWLockRelease(ProcArrayLock);
}

} // namespace

void WalDecoder::open(XLogRecPtr from, store::Batch &batch) {
    batch_ = &batch;
    slot::acquire();
    XLogReaderRoutine routine = wal::reader_routine();
    const bool fast_forward = false;
    decoding_ = CreateDecodingContext(from, decode::change_row_session_options(), fast_forward, &routine,
                                      prepare_write, take_change, nullptr);
    enter_snapshots();
    decoding_->output_writer_private = batch_;
    XLogBeginRead(decoding_->reader, MyReplicationSlot->data.restart_lsn);
}

void WalDecoder::read(XLogRecPtr end) {
    // The WAL reader allocates buffers when it first needs them, and keeps them.
    MemoryContext caller = MemoryContextSwitchTo(decoding_->context);
    while (position() < end && !batch_->full()) {
        read_record();
        CHECK_FOR_INTERRUPTS();
    }
    MemoryContextSwitchTo(caller);
}

void WalDecoder::read_record() {
    char *error = nullptr;
    XLogRecord *record = XLogReadRecord(decoding_->reader, &error);
    if (error != nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_DATA_CORRUPTED),
                 errmsg("could not read WAL at %s: %s", lsn_text(decoding_->reader->EndRecPtr), error)));
    if (record != nullptr)
        LogicalDecodingProcessRecord(decoding_, decoding_->reader);
}

} // namespace bemi::worker
