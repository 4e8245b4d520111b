#include "worker/wal_decoder.hpp"

#include "base/memory.hpp"
#include "base/text.hpp"
#include "decode/formats/change_row.hpp"
#include "worker/shared.hpp"
#include "worker/slot.hpp"
#include "worker/wal.hpp"

namespace bemi {
namespace {

/// The record before has left the buffer empty.
void prepare_record(LogicalDecodingContext *, XLogRecPtr, TransactionId, bool) {}

void take_record(LogicalDecodingContext *decoding, XLogRecPtr, TransactionId, bool) {
    auto *batch = static_cast<Batch *>(decoding->output_writer_private);
    const std::string_view record = view_of(*decoding->out);
    const size_t size = decode::size_without_context(record);
    if (batch->empty()) {
        decode::ChangeRowHeader first;
        memcpy(&first, record.data(), sizeof(first));
        shared::begin_batch(first.transaction_id, first.committed_at);
    }
    shared::add_to_batch();
    batch->add(record.substr(0, size), record.substr(size));
    clear(decoding->out);
}

/// A process that decodes and is in no transaction is left out of the others' snapshots. We write as well: to
/// them our transactions would never be running, and they would take the rows that these delete for alive.
void enter_snapshots() {
    LWLockAcquire(ProcArrayLock, LW_EXCLUSIVE);
    MyProc->statusFlags &= static_cast<uint8>(~PROC_IN_LOGICAL_DECODING);
    ProcGlobal->statusFlags[MyProc->pgxactoff] = MyProc->statusFlags;
    LWLockRelease(ProcArrayLock);
}

} // namespace

void WalDecoder::open(XLogRecPtr from, Batch &batch) {
    batch_ = &batch;
    slot::acquire();
    XLogReaderRoutine routine = wal::reader_routine();
    const bool fast_forward = false;
    decoding_ = CreateDecodingContext(from, decode::change_row_session_options(), fast_forward, &routine,
                                      prepare_record, take_record, nullptr);
    enter_snapshots();
    decoding_->output_writer_private = batch_;
    XLogBeginRead(decoding_->reader, MyReplicationSlot->data.restart_lsn);
}

void WalDecoder::read(XLogRecPtr end) {
    // The reader keeps buffers that it allocates when it first needs them.
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
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("could not read the WAL: %s", error)));
    if (record != nullptr)
        LogicalDecodingProcessRecord(decoding_, decoding_->reader);
}

} // namespace bemi
