#include "connection.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

namespace random_load {

namespace {

std::atomic<bool> stopping = false, faults = false;

// Locks, deadlocks, serialization, and what a server says that goes down. A transaction may be lost to these,
// no more.
bool is_expected(const std::string &sqlstate) {
    for (const char *expected :
         {"40P01", "40001", "55P03", "57P01", "57P02", "57P03", "25P02", "23503", "23505", "55006"}) {
        if (sqlstate == expected) {
            return true;
        }
    }
    return sqlstate.empty() || sqlstate.starts_with("08");
}

void report(const PGresult *result, const std::string &sql) {
    faults = true;
    std::fprintf(stdout, "unexpected: %s\tin: %.2000s\n",
                 PQresultVerboseErrorMessage(result, PQERRORS_VERBOSE, PQSHOW_CONTEXT_ALWAYS), sql.c_str());
    std::fflush(stdout);
}

} // namespace

bool Connection::should_stop() {
    return stopping;
}

void Connection::stop() {
    stopping = true;
}

bool Connection::has_seen_faults() {
    return faults;
}

bool Connection::connect() {
    while (!stopping && (!connection || PQstatus(connection) != CONNECTION_OK)) {
        PQfinish(connection);
        connection = PQconnectdb(conninfo.c_str());
        is_new = true;
        if (PQstatus(connection) == CONNECTION_OK) {
            PQsetNoticeProcessor(
                connection, [](void *, const char *) {}, nullptr);
        } else {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
    return !stopping;
}

bool Connection::is_new_since_last_asked() {
    return std::exchange(is_new, false);
}

Outcome Connection::outcome_of(const PGresult *result, const std::string &sql) {
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        return Outcome::done;
    case PGRES_PIPELINE_ABORTED:
        return Outcome::failed;
    default:
        break;
    }
    if (PQstatus(connection) != CONNECTION_OK) {
        return Outcome::lost;
    }
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (!is_expected(sqlstate ? sqlstate : "")) {
        report(result, sql);
    }
    return Outcome::failed;
}

Outcome Connection::take(PGresult *result, const std::string &sql) {
    const Outcome outcome = outcome_of(result, sql);
    PQclear(result);
    return outcome;
}

Outcome Connection::simple(const std::string &sql) {
    return take(PQexec(connection, sql.c_str()), sql);
}

Outcome Connection::extended(const std::string &sql) {
    return take(PQexecParams(connection, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0), sql);
}

Outcome Connection::prepare(const std::string &name, const std::string &sql) {
    return take(PQprepare(connection, name.c_str(), sql.c_str(), 0, nullptr), sql);
}

Outcome Connection::execute(const std::string &name, const std::vector<std::string> &values) {
    std::vector<const char *> pointers;
    for (const std::string &value : values) {
        pointers.push_back(value.c_str());
    }
    return take(
        PQexecPrepared(connection, name.c_str(), int(pointers.size()), pointers.data(), nullptr, nullptr, 0),
        name);
}

Outcome Connection::copy(const std::string &sql, const std::string &rows) {
    PGresult *start = PQexec(connection, sql.c_str());
    if (PQresultStatus(start) != PGRES_COPY_IN) {
        return take(start, sql);
    }
    PQclear(start);
    PQputCopyData(connection, rows.data(), int(rows.size()));
    PQputCopyEnd(connection, nullptr);
    const Outcome outcome = take(PQgetResult(connection), sql);
    PQclear(PQgetResult(connection)); // there is none
    return outcome;
}

Outcome Connection::pipeline(const std::vector<std::string> &statements) {
    Outcome worst = Outcome::done;
    PQenterPipelineMode(connection);
    for (const std::string &sql : statements) {
        PQsendQueryParams(connection, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0);
    }
    PQpipelineSync(connection);
    for (const std::string &sql : statements) {
        while (PGresult *result = PQgetResult(connection)) {
            worst = std::max(worst, take(result, sql));
            if (worst == Outcome::lost) {
                return worst;
            }
        }
    }
    // At the Sync an implicit transaction is committed, which may fail as well.
    PGresult *result = PQgetResult(connection);
    while (PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
        worst = std::max(worst, result ? take(result, "Sync") : Outcome::done);
        if (PQstatus(connection) != CONNECTION_OK) {
            return Outcome::lost;
        }
        result = PQgetResult(connection);
    }
    PQclear(result);
    PQexitPipelineMode(connection);
    return worst;
}

} // namespace random_load
