#include "worker/settings.hpp"

#include "base/transaction.hpp"

namespace bemi::worker::settings {
namespace {

constinit int64 noted = 0;

/// Sets the parameter, if this version of PostgreSQL has it.
void set(const char *name, const char *value) {
    const bool missing_ok = true, restrict_privileged = false;
    if (GetConfigOption(name, missing_ok, restrict_privileged) != nullptr)
        SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

constexpr char fingerprint_sql[] =
    "SELECT hashtextextended(coalesce(string_agg(concat_ws(' ', setdatabase, setrole, setting), ' '"
    "  ORDER BY setdatabase, setrole, setting), ''), 0)"
    " FROM pg_db_role_setting, unnest(setconfig) AS setting"
    " WHERE setting ILIKE 'bemi.%'"
    "  AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
    "  AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))";

/// A hash of the settings of ALTER DATABASE and ALTER ROLE. It needs no object of the extension, which may
/// not exist yet or any more.
int64 fingerprint() {
    int64 fingerprint = 0;
    in_transaction([&fingerprint] {
        PushActiveSnapshot(GetTransactionSnapshot());
        SPI_connect();
        spi::run(fingerprint_sql);
        fingerprint = DatumGetInt64(spi::value(1));
        SPI_finish();
        PopActiveSnapshot();
    });
    return fingerprint;
}

} // namespace

void fix() {
    constexpr struct {
        const char *name;
        const char *value;
    } settings[] = {
        {"search_path", "pg_catalog, pg_temp"},
        {"default_transaction_read_only", "off"},
        {"default_transaction_isolation", "read committed"},
        {"default_table_access_method", "heap"},
        {"restrict_nonsystem_relation_kind", ""},
        {"session_replication_role", "origin"},
        {"statement_timeout", "0"},
        {"lock_timeout", "0"},
        {"idle_in_transaction_session_timeout", "0"},
        {"transaction_timeout", "0"},
        {"temp_file_limit", "-1"},
        {"temp_tablespaces", ""},
        {"TimeZone", "UTC"},
        {"DateStyle", "ISO"},
        {"IntervalStyle", "postgres"},
        {"synchronous_commit", "off"}, // the worker flushes what must be durable
        {"row_security", "off"},
        {"output_plugin_libraries", "bemi"}, // whatever clients are allowed to use
    };
    for (const auto &setting : settings)
        set(setting.name, setting.value);
}

void note() {
    noted = fingerprint();
}

bool have_changed() {
    return fingerprint() != noted;
}

} // namespace bemi::worker::settings
