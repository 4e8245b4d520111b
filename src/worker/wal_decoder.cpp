#include "worker/wal_decoder.hpp"

#include "base/lsn.hpp"
#include "base/memory.hpp"
#include "base/text.hpp"
#include "worker/shared.hpp"
#include "worker/slot.hpp"
#include "worker/wal.hpp"

namespace bemi::worker {
namespace {

/// take_output() leaves the buffer empty for the next record.
void prepare_write(LogicalDecodingContext *, XLogRecPtr, TransactionId, bool) {}

/// Backends with PROC_IN_LOGICAL_DECODING are ignored in snapshots. This one also runs writing transactions,
/// which must be visible as running: clear the flag.
void enter_snapshots() {
    LWLockAcquire(ProcArrayLock, LW_EXCLUSIVE);
    MyProc->statusFlags &= static_cast<uint8>(~PROC_IN_LOGICAL_DECODING);
    ProcGlobal->statusFlags[MyProc->pgxactoff] = MyProc->statusFlags;
    LWLockRelease(ProcArrayLock);
}

} // namespace

void WalDecoder::open(const store::progress::Progress &stored, store::Batch &batch) {
    batch_ = &batch;
    stored_ = stored.part;
    slot::acquire();
    XLogReaderRoutine routine = wal::reader_routine();
    const bool fast_forward = false;
    decoding_ = CreateDecodingContext(stored.position, decode::change_row_session_options(), fast_forward,
                                      &routine, prepare_write, take_output, nullptr);
    enter_snapshots();
    decoding_->output_writer_private = this;
    XLogBeginRead(decoding_->reader, MyReplicationSlot->data.restart_lsn);
}

void WalDecoder::take_output(LogicalDecodingContext *decoding, XLogRecPtr, TransactionId, bool) {
    static_cast<WalDecoder *>(decoding->output_writer_private)->take(view_of(*decoding->out));
    clear(decoding->out);
}

/// A call of bemi.erase() has a larger number than all changes: it is done with the last part.
bool WalDecoder::is_stored(const decode::RecordHeader &header) const {
    return header.commit_position == stored_.commit_position && header.sequence <= stored_.sequence;
}

void WalDecoder::take(std::string_view record) {
    const decode::RecordHeader header = decode::read_header(record.data());
    if (is_stored(header))
        return;
    if (batch_->empty())
        shared::begin_batch(header.transaction_id, header.committed_at);
    if (header.kind == decode::RecordHeader::Kind::change) {
        const size_t size = decode::size_without_context(record);
        shared::add_to_batch();
        batch_->add(record.substr(0, size), record.substr(size));
    } else {
        batch_->add(record);
    }
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
