#include "store/baseline_rows.hpp"

#include "base/spi.hpp"
#include "decode/timeline.hpp"
#include "store/columns.hpp"
#include "store/errors.hpp"
#include "store/partitions.hpp"

namespace bemi::store::baseline_rows {
namespace {

// LIMIT keeps the planner from reading all of bemi.changes. $14 and $15 say since when the history is known:
// what is before that does not count. Times of commits are not in the order of their positions: hence the
// minute.
constexpr char insert_sql[] =
    "INSERT INTO bemi.changes (id, schema, \"table\", primary_key, operation, before, after, context,"
    " committed_at, transaction_id, position, commit_position, sequence, database, queued_at, created_at)"
    " SELECT r.*, current_database(), r.committed_at, now()"
    " FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    "  AS r (id, schema, \"table\", primary_key, operation, before, after, context, committed_at,"
    "   transaction_id, position, commit_position, sequence)"
    " LEFT JOIN LATERAL (SELECT true FROM bemi.changes c"
    "  WHERE c.\"table\" = r.\"table\" AND c.primary_key = r.primary_key AND c.schema = r.schema"
    "   AND c.committed_at >= $14 - interval '1 minute' AND c.commit_position >= $15"
    "   AND c.operation <> 'ERASURE' LIMIT 1)"
    "  AS changed (yes) ON true"
    " LEFT JOIN LATERAL (SELECT true FROM bemi.moved_keys m"
    "  WHERE m.\"table\" = r.\"table\" AND m.old_key = r.primary_key AND m.schema = r.schema"
    "   AND m.committed_at >= $14 - interval '1 minute' LIMIT 1)"
    "  AS moved (yes) ON true"
    " WHERE changed.yes IS NULL AND moved.yes IS NULL"
    " RETURNING sequence";

constexpr char since_sql[] =
    "SELECT CASE WHEN t.position = 0 THEN 0 ELSE greatest(t.position, g.position) END, greatest(t.time, "
    "g.time) FROM"
    " (SELECT coalesce(max(from_position), 0), coalesce(max(from_time), '-infinity') FROM bemi.tracking"
    "   WHERE system_identifier = $2 AND database = $3::oid AND relation = $1::oid AND to_position IS NULL)"
    "  AS t (position, time),"
    " (SELECT (max(to_position) - '0/0')::bigint, max(to_time) FROM bemi.gaps WHERE system_identifier = $2)"
    "  AS g (position, time)";

void insert(const Columns &columns, const Since &since) {
    static constinit SPIPlanPtr plan = nullptr;
    if (plan == nullptr)
        plan = Columns::prepare(insert_sql, {TIMESTAMPTZOID, INT8OID});
    columns.execute(plan, {TimestampTzGetDatum(since.time), Int64GetDatum(since.position)});
}

/// Whether the INSERT that was run last has stored the row with that number.
bool has_stored(uint64 sequence) {
    for (uint64 row = 0; row < SPI_processed; row++)
        if (static_cast<uint64>(DatumGetInt64(spi::value(1, row))) == sequence)
            return true;
    return false;
}

/// A row that cannot be stored as it is.
struct Lossy {
    decode::ChangeRow row;
    errors::Loss loss;
};

class Pass {
public:
    explicit Pass(const Part &part)
        : part_{part}, reader_{*part.rows}, ids_{GetSystemIdentifier(),
                                                 decode::timeline_of(part.commit_position), MyDatabaseId,
                                                 part.commit_position},
          sequence_{part.first_sequence} {
        columns_ = static_cast<Columns *>(palloc(sizeof(Columns)));
        columns_->open();
        partitions::ensure(part.at);
    }

    int64 store() {
        while (const char *bytes = reader_.next(columns_->memory())) {
            add(bytes);
            if (columns_->full())
                flush();
        }
        flush();
        return stored_;
    }

private:
    void add(const char *bytes) {
        MemoryContext caller = MemoryContextSwitchTo(columns_->memory());
        decode::ChangeRow row = decode::read_change_row(bytes, reader_.context());
        row.committed_at = part_.at;
        row.position = row.commit_position = part_.commit_position;
        row.sequence = sequence_++;
        ids_.write_bytes(row.id, row.sequence);
        errors::Loss loss{row};
        if (!row.is_missing)
            columns_->add(row, loss);
        if (loss)
            lossy_ = lappend(lossy_, new (palloc(sizeof(Lossy))) Lossy{row, loss});
        MemoryContextSwitchTo(caller);
    }

    void flush() {
        SPI_processed = 0;
        if (columns_->rows() > 0)
            insert(*columns_, part_.since);
        stored_ += static_cast<int64>(SPI_processed);
        note_losses();
        columns_->clear();
    }

    /// Nothing is lost of a row that need not be stored.
    void note_losses() {
        SPITupleTable *const inserted = SPI_tuptable;
        const uint64 count = SPI_processed;
        for (int i = 0; i < list_length(lossy_); i++) {
            const auto *lossy = static_cast<const Lossy *>(list_nth(lossy_, i));
            SPI_tuptable = inserted;
            SPI_processed = count;
            if (lossy->row.is_missing || has_stored(lossy->row.sequence))
                lossy->loss.note(lossy->row);
        }
        lossy_ = NIL;
    }

    Part part_;
    Batch::Reader reader_;
    decode::ChangeId ids_;
    uint64 sequence_;
    Columns *columns_;
    List *lossy_ = NIL;
    int64 stored_ = 0;
};

// The first change of the table that the snapshot does not show, and whether a later one is shown.
constexpr char unseen_sql[] =
    "WITH own AS NOT MATERIALIZED (SELECT c.commit_position, c.committed_at, c.transaction_id FROM "
    "bemi.changes c"
    "  WHERE c.\"table\" = $1 AND c.schema = $2 AND c.operation <> 'BASELINE'),"
    " first AS (SELECT commit_position, committed_at FROM own"
    "  WHERE transaction_id >= $3 AND NOT pg_visible_in_snapshot(transaction_id::text::xid8, $4::pg_snapshot)"
    "  ORDER BY commit_position LIMIT 1)"
    " SELECT f.commit_position, EXISTS (SELECT FROM own"
    "  WHERE own.committed_at >= f.committed_at - interval '1 minute' AND own.commit_position > "
    "f.commit_position"
    "   AND pg_visible_in_snapshot(own.transaction_id::text::xid8, $4::pg_snapshot))"
    " FROM first f";

} // namespace

Since known_since(Oid relation) {
    bool is_null;
    spi::run(since_sql, {spi::oid(relation), spi::server(), spi::oid(MyDatabaseId)});
    const int64 position = DatumGetInt64(spi::value(1));
    const Datum time = spi::value(2, &is_null);
    return {position, is_null ? DT_NOBEGIN : DatumGetTimestampTz(time)};
}

int64 store(const Part &part) {
    return Pass{part}.store();
}

XLogRecPtr place_of(const char *schema, const char *table, const Snapshot &snapshot, XLogRecPtr end) {
    spi::run(unseen_sql,
             {spi::text(table), spi::text(schema), spi::integer(snapshot.xmin), spi::text(snapshot.text)});
    if (SPI_processed == 0)
        return place_before(end);
    const bool is_mixed = DatumGetBool(spi::value(2));
    // Another place than the one behind all that was stored before: that has rows of other tables.
    return is_mixed ? InvalidXLogRecPtr : static_cast<XLogRecPtr>(DatumGetInt64(spi::value(1))) - 2;
}

} // namespace bemi::store::baseline_rows
