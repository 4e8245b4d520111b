// The rows of bemi.worker and bemi.progress that belong to this server and database: a copy of either has
// those of the original as well.
#pragma once

#include "base/spi.hpp"

namespace bemi::store::server_rows {

/// The WHERE clause for the rows of this server and database.
[[nodiscard]] const char *condition();

/// Makes the rows of another server in `table` those of this one, unless this one has its own: this server is
/// what pg_upgrade or pg_createsubscriber has made of the other. As the owner, connected to SPI.
void take_over(const char *table);

} // namespace bemi::store::server_rows
