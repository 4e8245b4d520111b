// Every setting of bemi: definition, check and assign hooks.
#pragma once

#include "base/compat.hpp"

namespace bemi::guc {

/// The server facts that bemi.capture can list, as bits.
enum Fact : unsigned {
    fact_sql = 1U << 0,
    fact_user = 1U << 1,
    fact_session_user = 1U << 2,
    fact_application_name = 1U << 3,
    fact_client_addr = 1U << 4,
    fact_backend_pid = 1U << 5,
};

/// The values of bemi.partition_interval.
enum PartitionInterval { interval_day, interval_week, interval_month, interval_quarter, interval_year };

extern char *context;          // a valid JSON object in the server's encoding, or ""
extern bool enabled;           // off: the triggers emit nothing
extern unsigned capture;       // of Fact
extern int max_context_size;   // bytes
extern char *retention;        // an interval, or "" to keep all
extern int sync_timeout;       // milliseconds
extern int partition_interval; // of PartitionInterval
extern char *comment_affix;    // "" when comments are off

/// Counts the assignments to settings that decide what the context is. Who caches something derived from them
/// compares it with the value then.
extern uint64 generation;

/// Defines the settings and reserves their prefix. Takes over what was set before the library was loaded.
void define();

} // namespace bemi::guc
