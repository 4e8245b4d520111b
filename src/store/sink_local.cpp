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

/// Stores a batch in several INSERTs of some hundred rows each.
class Pass {
public:
    Pass(Batch &batch, ReportStored report) : queued_at_{batch.begun_at()}, reader_{batch}, report_{report} {
        columns_ = static_cast<Columns *>(palloc(sizeof(Columns)));
        columns_->open();
        moved_keys_.open(columns_->memory());
    }

    void store() {
        while (const char *bytes = reader_.next(columns_->memory())) {
            add(bytes);
            if (columns_->full())
                flush();
        }
        flush();
        erase();
    }

    /// Writes the new position to bemi.progress and returns it.
    XLogRecPtr finish() {
        if (commits_.empty())
            progress::move(last_.end_position);
        else
            progress::advance(last_.end_position, stored_, commits_);
        return last_.end_position;
    }

private:
    void add(const char *record) {
        MemoryContext caller = MemoryContextSwitchTo(columns_->memory());
        const decode::RecordHeader header = decode::read_header(record);
        if (header.commit_position != last_.commit_position && erasures_ != NIL) {
            flush();
            erase();
        }
        last_ = header;
        switch (last_.kind) {
        case decode::RecordHeader::Kind::change:
            add(decode::read_change_row(record, reader_.context()));
            break;
        case decode::RecordHeader::Kind::table:
            tables::note(decode::read_table_record(record));
            break;
        case decode::RecordHeader::Kind::erasure:
            MemoryContextSwitchTo(caller);
            erasures_ = lappend(erasures_, erasures::copy_of(decode::read_erasure_record(record)));
            break;
        }
        MemoryContextSwitchTo(caller);
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
        for (int i = 0; i < list_length(erasures_); i++) {
            const auto &erasure = *static_cast<const decode::ErasureRecord *>(list_nth(erasures_, i));
            commits_.add(erasure.committed_at);
            partitions::ensure(erasure.committed_at);
            erasures::perform(erasure);
            stored_++;
        }
        erasures_ = NIL;
    }

    void flush() {
        if (columns_->rows() > 0)
            insert(*columns_, queued_at_);
        moved_keys_.store();
        report_(columns_->rows());
        columns_->clear();
    }

    TimestampTz queued_at_;
    Batch::Reader reader_;
    ReportStored report_;
    Columns *columns_;
    MovedKeys moved_keys_;
    decode::RecordHeader last_{};
    progress::CommitTimes commits_;
    uint64 stored_ = 0;
    List *erasures_ = NIL; // of the last transaction
};

} // namespace

Stored store(Batch &batch, ReportStored report) {
    XLogRecPtr end = InvalidXLogRecPtr;
    in_owners_transaction([&] {
        (void)log_attested_message(store_prefix, "");
        Pass pass(batch, report);
        pass.store();
        end = pass.finish();
    });
    return {.progress = end, .end = XactLastCommitEnd};
}

} // namespace bemi::store::sink
