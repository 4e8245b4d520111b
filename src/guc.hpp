// The settings of bemi, with their check and assign hooks.
#pragma once

#include "base/compat.hpp"
#include "base/key_list.hpp"
#include "base/tracking_options.hpp"

namespace bemi::guc {

/// The facts that bemi.capture can list, as bits.
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

extern char *context;          // a valid JSON object in the server's encoding, or "" for none
extern bool enabled;           // if false, the triggers emit nothing
extern unsigned capture;       // a set of Fact
extern int max_context_size;   // in bytes
extern int require_context;    // a Requirement, for every tracked table
extern KeyList required_keys;  // the keys that a required context must have
extern char *retention;        // an interval, or "" to keep all changes
extern int sync_timeout;       // in milliseconds
extern int partition_interval; // a PartitionInterval
extern char *comment_affix;    // "" if context comments are off
extern KeyList sqlcommenter;   // the keys of sqlcommenter's tags that count, or "*" for all

/// Counts the assignments to settings that determine the context. Anything cached from these settings is
/// stale once this counter has changed.
extern uint64 generation;

/// Defines the settings, with the values that were set before the library was loaded, and reserves their
/// prefix.
void define();

} // namespace bemi::guc
