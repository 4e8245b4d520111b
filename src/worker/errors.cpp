#include "errors.hpp"

#include "decode/timeline.hpp"
#include "transaction.hpp"

namespace bemi::errors {
namespace {

Datum change_id(const unsigned char *bytes) {
    return PointerGetDatum(const_cast<unsigned char *>(bytes));
}

decode::ChangeKey key_of(uint64 row) {
    return {DatumGetUInt64(spi::value(1, row)), DatumGetUInt64(spi::value(2, row))};
}

/// Whether the row is about a change of this database: a dump that was restored brings others along.
bool is_ours(uint64 row, const decode::ChangeKey &key) {
    unsigned char id[decode::ChangeId::size];
    decode::ChangeId{GetSystemIdentifier(), decode::timeline_of(key.commit_position), MyDatabaseId,
                     key.commit_position}
        .write_bytes(id, key.sequence);
    const pg_uuid_t *noted = DatumGetUUIDP(spi::value(3, row));
    return memcmp(noted->data, id, sizeof(id)) == 0;
}

} // namespace

bool is_lasting(const ErrorData &error) {
    switch (ERRCODE_TO_CATEGORY(error.sqlerrcode)) {
    case ERRCODE_TRANSACTION_ROLLBACK:
    case ERRCODE_INSUFFICIENT_RESOURCES:
    case ERRCODE_OPERATOR_INTERVENTION:
    case ERRCODE_SYSTEM_ERROR:
        return false;
    default:
        return true;
    }
}

void note(const decode::Record &change, const ErrorData &error) {
    spi::run("INSERT INTO bemi.errors"
             " (id, commit_position, sequence, schema, \"table\", operation, committed_at, sqlstate, error)"
             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
             {spi::Argument{UUIDOID, change_id(change.id)},
              spi::integer(static_cast<int64>(change.commit_position)),
              spi::integer(static_cast<int64>(change.sequence)), spi::text(change.schema_name.data()),
              spi::text(change.table_name.data()), spi::text(decode::name_of(change.operation).data()),
              spi::timestamp(change.committed_at), spi::text(unpack_sql_state(error.sqlerrcode)),
              spi::text(error.message)});
}

std::span<const decode::ChangeKey> noted_from(XLogRecPtr position) {
    MemoryContext caller = CurrentMemoryContext;
    decode::ChangeKey *changes = nullptr;
    size_t count = 0;
    in_owners_transaction([&] {
        spi::run("SELECT commit_position, sequence, id FROM bemi.errors WHERE commit_position >= $1"
                 " ORDER BY commit_position, sequence",
                 {spi::integer(static_cast<int64>(position))});
        changes = static_cast<decode::ChangeKey *>(
            MemoryContextAllocHuge(caller, SPI_processed * sizeof(decode::ChangeKey)));
        for (uint64 row = 0; row < SPI_processed; row++) {
            const decode::ChangeKey key = key_of(row);
            if (is_ours(row, key))
                changes[count++] = key;
        }
    });
    return {changes, count};
}

} // namespace bemi::errors
