#include "worker/baseline_chunk.hpp"

#include "attested.hpp"
#include "base/transaction.hpp"
#include "store/shapes.hpp"
#include "wire.hpp"
#include "worker/wal.hpp"

namespace bemi::worker {
namespace {

// A chunk is no larger than this, so that storing changes need not wait for long, nor VACUUM for the
// snapshot.
constexpr uint64 max_rows = 512;
constexpr uint64 max_bytes = 1 << 20;
constexpr BlockNumber max_blocks = 1024;

// The sequence of a row: the number of the request, then that of the row.
constexpr int bits_for_rows = 36;

const char *copy_of(std::string_view text) {
    return pnstrdup(text.data(), text.size());
}

/// As text, in the current memory context. A query would have a snapshot of its own.
store::baseline_rows::Snapshot active_snapshot() {
    const Datum snapshot = OidFunctionCall0(F_PG_CURRENT_SNAPSHOT);
    return {.text = OidOutputFunctionCall(F_PG_SNAPSHOT_OUT, snapshot),
            .xmin = DatumGetInt64(DirectFunctionCall1(pg_snapshot_xmin, snapshot))};
}

/// Locks the table without waiting, and opens it. The lock comes before the snapshot: whoever has truncated,
/// altered or dropped the table before is visible in it, and nobody can until the transaction ends.
Relation try_open(Oid oid, bool &is_locked) {
    is_locked = !ConditionalLockRelationOid(oid, AccessShareLock);
    return is_locked ? nullptr : try_relation_open(oid, NoLock);
}

} // namespace

void BaselineChunk::open() {
    rows_.open();
    memory_ = AllocSetContextCreate(CurrentMemoryContext, "bemi baseline", ALLOCSET_SMALL_SIZES);
}

void BaselineChunk::clear() {
    rows_.clear();
    MemoryContextReset(memory_);
}

/// Calls `body` with the table, locked and with an active snapshot, in a transaction as the owner; `done` if
/// that returns true.
template <typename Body> BaselineChunk::Outcome BaselineChunk::with_table(Oid table, Body &&body) {
    Outcome outcome = Outcome::gone;
    in_transaction([&] {
        spi::become_owner();
        bool is_locked;
        Relation relation = try_open(table, is_locked);
        if (is_locked)
            outcome = Outcome::locked;
        if (relation == nullptr)
            return;
        PushActiveSnapshot(GetTransactionSnapshot());
        if (body(relation))
            outcome = Outcome::done;
        PopActiveSnapshot();
        relation_close(relation, NoLock);
    });
    return outcome;
}

BaselineChunk::Outcome BaselineChunk::read(const baselines::Request &request) {
    clear();
    const Outcome outcome = with_table(request.relation, [&](Relation relation) {
        relation_ = request.relation;
        filenode_ = relation->rd_rel->relfilenode;
        begin_at(request);
        decode::ExistingRows existing;
        existing.open(relation);
        if (!existing.are_wanted())
            return false;
        note_table(existing);
        read_rows(relation, existing);
        return true;
    });
    if (outcome == Outcome::done)
        XLogFlush(needed_); // commits with synchronous_commit = off may not be on disk yet
    return outcome;
}

/// In a new file all rows are read anew: they are at other places.
void BaselineChunk::begin_at(const baselines::Request &request) {
    if (filenode_ == request.filenode)
        ItemPointerSet(&next_, request.next_block, request.next_row);
    else
        ItemPointerSet(&next_, 0, FirstOffsetNumber);
    begins_ = ItemPointerGetBlockNumberNoCheck(&next_) == 0 &&
              ItemPointerGetOffsetNumberNoCheck(&next_) == FirstOffsetNumber;
}

/// What is needed to store the rows, in memory that lasts.
void BaselineChunk::note_table(const decode::ExistingRows &existing) {
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    needed_ = wal::inserted_end();
    read_at_ = GetCurrentTimestamp();
    has_key_ = existing.have_key();
    schema_ = copy_of(existing.schema());
    table_ = copy_of(existing.table());
    state_ = copy_of(existing.state());
    if (!has_key_)
        snapshot_ = active_snapshot();
    MemoryContextSwitchTo(caller);
}

void BaselineChunk::read_rows(Relation relation, decode::ExistingRows &existing) {
    const BlockNumber first = ItemPointerGetBlockNumberNoCheck(&next_);
    blocks_ = RelationGetNumberOfBlocks(relation);
    const BlockNumber left = blocks_ > first ? blocks_ - first : 0;
    const BlockNumber end = has_key_ && left > max_blocks ? first + max_blocks : blocks_;
    is_last_ = end == blocks_;
    if (left > 0)
        scan(relation, existing, end);
    else
        count_ = 0;
}

/// Reads the rows from next_ on, up to the block `end`.
void BaselineChunk::scan(Relation relation, decode::ExistingRows &existing, BlockNumber end) {
    MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "bemi row", ALLOCSET_DEFAULT_SIZES);
    TupleTableSlot *slot = table_slot_create(relation, nullptr);
    ItemPointerData first = next_, last;
    ItemPointerSet(&last, end - 1, MaxOffsetNumber);
    ItemPointerSet(&next_, end, FirstOffsetNumber);
    TableScanDesc rows = compat::begin_tid_scan(relation, GetActiveSnapshot(), &first, &last);
    size_t bytes = 0;
    count_ = 0;
    while (table_scan_getnextslot_tidrange(rows, ForwardScanDirection, slot)) {
        CHECK_FOR_INTERRUPTS();
        if (has_key_ && (count_ >= max_rows || bytes >= max_bytes)) {
            next_ = slot->tts_tid;
            is_last_ = false;
            break;
        }
        bytes += add(existing, slot, memory);
    }
    table_endscan(rows);
    ExecDropSingleTupleTableSlot(slot);
    MemoryContextDelete(memory);
}

size_t BaselineChunk::add(decode::ExistingRows &existing, TupleTableSlot *slot, MemoryContext memory) {
    MemoryContext caller = MemoryContextSwitchTo(memory);
    const std::string_view row = existing.write(slot);
    const size_t size = decode::size_without_context(row);
    rows_.add(row.substr(0, size), row.substr(size));
    count_++;
    MemoryContextSwitchTo(caller);
    MemoryContextReset(memory);
    return size;
}

bool BaselineChunk::looks_the_same(Relation relation) const {
    decode::ExistingRows existing;
    if (relation->rd_rel->relfilenode != filenode_)
        return false;
    existing.open(relation);
    return existing.are_wanted() && existing.state() == state_;
}

BaselineChunk::Outcome BaselineChunk::store(baselines::Request &request, XLogRecPtr end) {
    return with_table(request.relation, [&](Relation relation) {
        bool is_stored = false;
        if (looks_the_same(relation))
            spi::connected([&] { is_stored = store_rows(request, end); });
        return is_stored;
    });
}

/// Whether the history tells of all changes of these rows, and of those that are stored already. If it has
/// begun anew meanwhile, rows may have changed that nothing tells of.
bool BaselineChunk::are_known_since(int64 since, const baselines::Request &request) const {
    if (static_cast<XLogRecPtr>(since) > needed_)
        return false;
    const bool goes_on = begins_ || since == request.since;
    if (!goes_on)
        baselines::begin_again(request.id);
    return goes_on;
}

/// False if there is no place for the rows in the order of changes, or if they must be read again.
bool BaselineChunk::store_rows(baselines::Request &request, XLogRecPtr end) {
    using namespace store;
    const baseline_rows::Since since = baseline_rows::known_since(relation_);
    if (!are_known_since(since.position, request))
        return false;
    const XLogRecPtr place = has_key_ ? baseline_rows::place_before(end)
                                      : baseline_rows::place_of(schema_, table_, snapshot_, end);
    if (XLogRecPtrIsInvalid(place))
        return false;
    (void)log_attested_message(store_prefix, "");
    const uint64 number =
        static_cast<uint64>(request.id) << bits_for_rows | static_cast<uint64>(request.rows);
    shapes::note(shape_at(place, number));
    request.rows += baseline_rows::store({.rows = &rows_,
                                          .relation = request.relation,
                                          .since = since,
                                          .commit_position = place,
                                          .first_sequence = number,
                                          .at = read_at_});
    request.filenode = filenode_;
    request.since = since.position;
    request.next_block = ItemPointerGetBlockNumberNoCheck(&next_);
    request.next_row = ItemPointerGetOffsetNumberNoCheck(&next_);
    baselines::advance(request, blocks_, is_last_);
    return true;
}

decode::TableRecord BaselineChunk::shape_at(XLogRecPtr place, uint64 sequence) const {
    decode::TableRecord record{};
    record.kind = decode::RecordHeader::Kind::table;
    record.committed_at = read_at_;
    record.commit_position = record.end_position = place;
    record.sequence = sequence;
    record.relation = relation_;
    record.state_json = state_;
    record.state = static_cast<uint32>(record.state_json.size());
    return record;
}

} // namespace bemi::worker
