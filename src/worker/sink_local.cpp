#include "sink_local.hpp"

#include "columns.hpp"
#include "errors.hpp"
#include "decode/timeline.hpp"
#include "partitions.hpp"
#include "state.hpp"
#include "attested.hpp"
#include "shared.hpp"
#include "transaction.hpp"
#include "wire.hpp"

#include <algorithm>
#include <iterator>

namespace bemi::sink {
namespace {

constexpr char insert_sql[] =
    "INSERT INTO bemi.changes (id, schema, \"table\", primary_key, operation, before, after, context,"
    " committed_at, transaction_id, position, commit_position, sequence, database, queued_at, created_at)"
    " SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8),"
    " unnest($9), unnest($10), unnest($11), unnest($12), unnest($13), current_database(), $14, now()";

constexpr char progress_sql[] = // with the WHERE clause
    "UPDATE bemi.progress SET position = $1, changes = changes + $2, committed_at = $3, stored_at = now(),"
    " timeline = $4%s";

template <size_t count> SPIPlanPtr prepare(const char *sql, const Oid (&types)[count]) {
    SPIPlanPtr plan = SPI_prepare(sql, static_cast<int>(count), const_cast<Oid *>(types));
    if (plan == nullptr)
        elog(ERROR, "%s for: %s", SPI_result_code_string(SPI_result), sql);
    (void)SPI_keepplan(plan);
    return plan;
}

void execute(SPIPlanPtr plan, Datum *values) {
    const bool read_only = false;
    const int result = SPI_execute_plan(plan, values, nullptr, read_only, 0);
    if (result < 0)
        elog(ERROR, "%s", SPI_result_code_string(result));
}

void insert(const Columns &columns, TimestampTz queued_at) {
    static constinit SPIPlanPtr plan = nullptr;
    if (plan == nullptr) {
        Oid types[Columns::arrays + 1];
        std::copy_n(Columns::types(), Columns::arrays, types);
        types[Columns::arrays] = TIMESTAMPTZOID;
        plan = prepare(insert_sql, types);
    }
    Datum arrays[Columns::arrays], values[Columns::arrays + 1];
    columns.build(arrays);
    std::copy_n(arrays, Columns::arrays, values);
    values[Columns::arrays] = TimestampTzGetDatum(queued_at);
    execute(plan, values);
}

void write_progress(const decode::RecordHeader &last, uint64 changes) {
    static constinit SPIPlanPtr plan = nullptr;
    if (plan == nullptr)
        plan = prepare(psprintf(progress_sql, state::own_row()), {LSNOID, INT8OID, TIMESTAMPTZOID, INT8OID});
    Datum values[] = {LSNGetDatum(last.end_position), Int64GetDatum(static_cast<int64>(changes)),
                      TimestampTzGetDatum(last.committed_at),
                      Int64GetDatum(decode::timeline_of(last.end_position).id)};
    execute(plan, values);
    if (SPI_processed != 1)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("bemi.progress has no row of this server and database")));
}

/// A pass over a batch: takes its records a part at a time.
class Pass {
public:
    explicit Pass(Batch &batch) : queued_at_{batch.begun_at()}, reader_{batch} {
        columns_ = static_cast<Columns *>(palloc(sizeof(Columns)));
        columns_->open();
        shared::begin_storing();
    }

    void store() {
        while (const char *bytes = next()) {
            const decode::Record record = decode::read_record(bytes, reader_.context());
            add(record);
            if (columns_->full())
                flush();
        }
        flush();
    }

    /// Writes how far that is; returns it.
    XLogRecPtr finish() {
        write_progress(last_, stored_);
        return last_.end_position;
    }

private:
    const char *next() {
        MemoryContext caller = MemoryContextSwitchTo(columns_->memory());
        const char *record = reader_.next();
        MemoryContextSwitchTo(caller);
        return record;
    }

    void add(const decode::Record &record) {
        MemoryContext caller = MemoryContextSwitchTo(columns_->memory());
        last_ = record;
        errors::Loss loss{record};
        if (!record.is_missing) {
            partitions::ensure(record.committed_at);
            columns_->add(record, loss);
            stored_++;
        }
        if (loss)
            loss.note(record);
        MemoryContextSwitchTo(caller);
    }

    void flush() {
        if (columns_->rows() > 0)
            insert(*columns_, queued_at_);
        shared::add_stored(columns_->rows());
        columns_->clear();
    }

    TimestampTz queued_at_;
    Batch::Reader reader_;
    Columns *columns_;
    decode::RecordHeader last_{};
    uint64 stored_ = 0;
};

} // namespace

Stored store(Batch &batch) {
    XLogRecPtr progress = InvalidXLogRecPtr;
    in_owners_transaction([&] {
        (void)log_attested_message(store_prefix, "");
        Pass pass(batch);
        pass.store();
        progress = pass.finish();
    });
    return {.progress = progress, .end = XactLastCommitEnd};
}

} // namespace bemi::sink
