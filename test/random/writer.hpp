// A session that writes to tracked tables, transaction after transaction, in every protocol.
#pragma once

#include "chance.hpp"
#include "connection.hpp"
#include "settings.hpp"
#include "statements.hpp"

#include <string>
#include <vector>

namespace random_load {

// A role of schema.sql.
struct Role {
    std::string name;
    Object context; // that its sessions begin with
    Object facts;   // that the server adds to whatever context there is
    bool is_superuser;
};

class Writer {
public:
    Writer(int number, unsigned seed, const std::string &conninfo, const Role &role);
    void run();

private:
    enum class Protocol { simple, extended, prepared, pipelined };

    void forget_session();
    void prepare(int which);
    void transaction();
    void block();
    void change_role_of_replication();
    void alone();
    void copy();
    void implicit_block();
    void prepared_block();

    Outcome send(const std::vector<std::string> &statements);
    Outcome send_string(const std::vector<std::string> &statements);
    void begin();
    void finish(Outcome outcome);

    std::string next_statement(bool in_block);
    std::string write(bool is_alone);
    std::string set_something(bool in_block);
    std::string savepoint();
    std::string end_of_block();
    std::string note_for_deferred(const Object &end);
    Object random_comment(const std::string &own_key);
    std::string resolve_prepared();

    int number;
    int transactions = 0;
    Chance chance;
    Connection connection;
    Settings settings;
    Object facts;
    Protocol protocol = Protocol::simple;
    std::string tag;
    std::vector<std::string> prepared_transactions;
    Object comments[2]; // of the prepared statements
    bool is_superuser, is_replica = false;
    bool defers = false;     // the transaction has queued a deferred trigger,
    Object deferred_comment; // by a statement with this comment
    Object whole;            // the comment at the beginning of the string
};

} // namespace random_load
