// A connection that comes back after the server was killed, and says which errors are to be expected.
#pragma once

#include <libpq-fe.h>
#include <string>
#include <vector>

namespace random_load {

enum class Outcome { done, failed, lost };

class Connection {
public:
    explicit Connection(std::string conninfo) : conninfo(std::move(conninfo)) {}
    Connection(const Connection &) = delete;
    ~Connection() { PQfinish(connection); }

    // False once the load is to end.
    bool connect();
    bool is_new_since_last_asked();

    Outcome simple(const std::string &sql);
    Outcome extended(const std::string &sql);
    Outcome prepare(const std::string &name, const std::string &sql);
    Outcome execute(const std::string &name, const std::vector<std::string> &values);
    Outcome copy(const std::string &sql, const std::string &rows);
    Outcome pipeline(const std::vector<std::string> &statements);
    bool is_in_block() const { return PQtransactionStatus(connection) != PQTRANS_IDLE; }

    static bool should_stop();
    static void stop();
    static bool has_seen_faults();

private:
    Outcome take(PGresult *result, const std::string &sql);
    Outcome outcome_of(const PGresult *result, const std::string &sql);

    std::string conninfo;
    PGconn *connection = nullptr;
    bool is_new = false;
};

} // namespace random_load
