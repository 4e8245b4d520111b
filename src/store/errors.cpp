#include "store/errors.hpp"

#include "base/transaction.hpp"

namespace bemi::store::errors {
namespace {

Datum change_id(const unsigned char *bytes) {
    return PointerGetDatum(const_cast<unsigned char *>(bytes));
}

} // namespace

Loss::Loss(const decode::ChangeRow &change)
    : sqlstate_{change.sqlstate}, reason_{change.fault_message.data()} {
    initStringInfo(&stored_as_);
    appendBinaryStringInfo(&stored_as_, change.left_out_values.data(),
                           static_cast<int>(change.left_out_values.size()));
}

void Loss::add(std::string_view stored_as, int sqlstate, const char *reason) {
    if (sqlstate_ == 0) {
        sqlstate_ = sqlstate;
        reason_ = reason;
    }
    appendBinaryStringInfo(&stored_as_, stored_as.data(), static_cast<int>(stored_as.size()));
}

void Loss::note(const decode::ChangeRow &change) const {
    spi::run("INSERT INTO bemi.errors"
             " (id, commit_position, sequence, schema, \"table\", operation, committed_at, sqlstate, error,"
             " stored_as)"
             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
             {spi::Argument{UUIDOID, change_id(change.id)},
              spi::integer(static_cast<int64>(change.commit_position)),
              spi::integer(static_cast<int64>(change.sequence)), spi::text(change.schema_name.data()),
              spi::text(change.table_name.data()), spi::text(decode::name_of(change.operation).data()),
              spi::timestamp(change.committed_at), spi::text(unpack_sql_state(sqlstate_)), spi::text(reason_),
              spi::text(change.is_missing ? nullptr : stored_as_.data + strlen(", "))});
}

int64 acknowledge(TimestampTz until, const char *role) {
    spi::run("UPDATE bemi.errors SET acknowledged_at = now(), acknowledged_by = $2"
             " WHERE occurred_at <= $1 AND acknowledged_at IS NULL",
             {spi::timestamp(until), spi::text(role)});
    return static_cast<int64>(SPI_processed);
}

} // namespace bemi::store::errors
