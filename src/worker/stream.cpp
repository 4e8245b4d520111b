#include "stream.hpp"

#include "memory.hpp"
#include "slot.hpp"
#include "wal.hpp"

namespace bemi {
namespace {

/// The record before has left the buffer empty.
void prepare_record(LogicalDecodingContext *, XLogRecPtr, TransactionId, bool) {}

void take_record(LogicalDecodingContext *decoding, XLogRecPtr, TransactionId, bool) {
    const StringInfo record = decoding->out;
    static_cast<Batch *>(decoding->output_writer_private)
        ->add({record->data, static_cast<size_t>(record->len)});
    clear(record);
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

void Stream::open(XLogRecPtr from, std::span<const decode::ChangeKey> given_up, Batch &batch) {
    batch_ = &batch;
    slot::acquire();
    XLogReaderRoutine routine = wal::reader_routine();
    const bool fast_forward = false;
    decoding_ = CreateDecodingContext(from, decode::record_session_options(), fast_forward, &routine,
                                      prepare_record, take_record, nullptr);
    enter_snapshots();
    decoding_->output_writer_private = batch_;
    decode::leave_out(decoding_, given_up);
    XLogBeginRead(decoding_->reader, MyReplicationSlot->data.restart_lsn);
}

void Stream::read(XLogRecPtr end) {
    // The reader keeps buffers that it allocates when it first needs them.
    MemoryContext caller = MemoryContextSwitchTo(decoding_->context);
    while (position() < end && !batch_->full()) {
        read_record();
        CHECK_FOR_INTERRUPTS();
    }
    MemoryContextSwitchTo(caller);
}

void Stream::read_record() {
    char *error = nullptr;
    XLogRecord *record = XLogReadRecord(decoding_->reader, &error);
    if (error != nullptr)
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("could not read the WAL: %s", error)));
    if (record != nullptr)
        LogicalDecodingProcessRecord(decoding_, decoding_->reader);
}

std::optional<decode::Record> Stream::unfinished() const {
    return decoding_ == nullptr ? std::nullopt : decode::unfinished_record(decoding_);
}

} // namespace bemi
