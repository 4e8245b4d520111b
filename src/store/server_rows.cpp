#include "store/server_rows.hpp"

namespace bemi::store::server_rows {

const char *condition() {
    return psprintf(" WHERE system_identifier = %lld AND database = %u",
                    static_cast<long long>(GetSystemIdentifier()), MyDatabaseId);
}

/// The table is locked only if there is something to do: else nobody who has it locked is waited for.
void take_over(const char *table) {
    spi::run(psprintf("SELECT max(system_identifier) FROM %s WHERE database = $1::oid"
                      " HAVING bool_and(system_identifier <> $2)",
                      table),
             {spi::oid(MyDatabaseId), spi::server()});
    if (SPI_processed == 0)
        return;
    const spi::Argument other = spi::integer(DatumGetInt64(spi::value(1)));
    spi::run(psprintf("UPDATE %s SET system_identifier = $2"
                      " WHERE database = $1::oid AND system_identifier = $3",
                      table),
             {spi::oid(MyDatabaseId), spi::server(), other});
}

} // namespace bemi::store::server_rows
