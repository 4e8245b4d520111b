#include "store/sink_local.hpp"

#include "attested.hpp"
#include "base/transaction.hpp"
#include "store/columns.hpp"
#include "store/erasures.hpp"
#include "store/errors.hpp"
#include "store/moved_keys.hpp"
#include "store/partitions.hpp"
#include "store/progress.hpp"
#include "store/tables.hpp"
#include "wire.hpp"

namespace bemi::store::sink {
namespace {

constexpr char insert_sql[] =
    "INSERT INTO bemi.changes (id, schema, \"table\", primary_key, operation, before, after, context,"
    " committed_at, transaction_id, position, commit_position, sequence, database, queued_at, created_at)"
    " SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8),"
    " unnest($9), unnest($10), unnest($11), unnest($12), unnest($13), current_database(), $14, now()";

void insert(const Columns &columns, TimestampTz queued_at) {
    static constinit SPIPlanPtr plan = nullptr;
    if (plan == nullptr)
        plan = Columns::prepare(insert_sql, {TIMESTAMPTZOID});
    columns.execute(plan, {TimestampTzGetDatum(queued_at)});
}

/// Stores a part of a batch in several INSERTs of some hundred rows each.
class Pass {
public:
    Pass(Batch::Reader &reader, Erasures &erasures, TimestampTz queued_at, ReportStored report)
        : queued_at_{queued_at}, reader_{reader}, erasures_{erasures}, report_{report} {
        columns_ = static_cast<Columns *>(palloc(sizeof(Columns)));
        columns_->open();
        moved_keys_.open(columns_->memory());
    }

    void store() {
        const size_t end = reader_.bytes() + Batch::max_in_memory;
        while (!reader_.at_end() && (reader_.bytes() < end || !is_after_change())) {
            add(reader_.next(columns_->memory()));
            if (columns_->full())
                flush();
        }
        flush();
        if (reader_.at_end())
            erase();
    }

    /// Writes how far it has come to bemi.progress. The new position is invalid if it is as before.
    Stored finish() {
        const bool is_whole = reader_.at_end();
        const XLogRecPtr position = is_whole ? last_.end_position : whole_;
        const progress::Part part =
            is_whole ? progress::Part{} : progress::Part{last_.commit_position, last_.sequence};
        if (commits_.empty())
            progress::move(position);
        else
            progress::advance(position, part, stored_, commits_);
        return {.progress = position, .end = InvalidXLogRecPtr, .changes = stored_};
    }

private:
    /// What is known of the next change stays with it, so that a part can be continued from its last change.
    [[nodiscard]] bool is_after_change() const { return last_.kind == decode::RecordHeader::Kind::change; }

    void add(const char *record) {
        MemoryContext caller = MemoryContextSwitchTo(columns_->memory());
        const decode::RecordHeader header = decode::read_header(record);
        if (header.commit_position != last_.commit_position)
            end_transaction();
        last_ = header;
        switch (last_.kind) {
        case decode::RecordHeader::Kind::change:
            add(decode::read_change_row(record, reader_.context()));
            break;
        case decode::RecordHeader::Kind::table:
            tables::note(decode::read_table_record(record));
            break;
        case decode::RecordHeader::Kind::erasure:
            erasures_.add(decode::read_erasure_record(record));
            break;
        }
        MemoryContextSwitchTo(caller);
    }

    void end_transaction() {
        whole_ = last_.end_position;
        if (erasures_.empty() || XLogRecPtrIsInvalid(whole_))
            return;
        flush();
        erase();
    }

    void add(const decode::ChangeRow &change) {
        commits_.add(change.committed_at);
        errors::Loss loss{change};
        if (!change.is_missing) {
            partitions::ensure(change.committed_at);
            columns_->add(change, loss);
            if (change.has_old_key)
                moved_keys_.add(change);
            stored_++;
        }
        if (loss)
            loss.note(change);
    }

    /// Does what the transaction asked for. All its changes are stored, those after its request too.
    void erase() {
        while (!erasures_.empty()) {
            const decode::ErasureRecord &erasure = erasures_.take_first();
            commits_.add(erasure.committed_at);
            partitions::ensure(erasure.committed_at);
            erasures::perform(erasure);
            stored_++;
        }
    }

    void flush() {
        if (columns_->rows() > 0)
            insert(*columns_, queued_at_);
        moved_keys_.store();
        report_(columns_->rows());
        columns_->clear();
    }

    TimestampTz queued_at_;
    Batch::Reader &reader_;
    Erasures &erasures_; // of the last transaction
    ReportStored report_;
    Columns *columns_;
    MovedKeys moved_keys_;
    decode::RecordHeader last_{};
    XLogRecPtr whole_ = InvalidXLogRecPtr; // the end of the transaction before that of the last record
    progress::CommitTimes commits_;
    uint64 stored_ = 0;
};

} // namespace

Parts::Parts(Batch &batch, ReportStored report)
    : reader_{batch}, queued_at_{batch.begun_at()}, report_{report} {
    erasures_.open();
}

Stored Parts::store_next() {
    Stored stored{};
    in_owners_transaction([&] {
        (void)log_attested_message(store_prefix, "");
        Pass pass(reader_, erasures_, queued_at_, report_);
        pass.store();
        stored = pass.finish();
    });
    stored.end = XactLastCommitEnd;
    return stored;
}

} // namespace bemi::store::sink
