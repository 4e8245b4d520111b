// Writes at random to the tables of schema.sql, in parallel sessions, until its standard input ends.
//
//   random_load CONNINFO SEED WRITERS KEEPERS
//
// It exits with 1 after an error that a user of PostgreSQL would not expect; such errors are on its standard
// output.
#include "keeper.hpp"
#include "writer.hpp"

#include <cstdio>
#include <cstdlib>
#include <csignal>
#include <thread>

using namespace random_load;

namespace {

const std::vector<Role> roles = {
    {"postgres", {}, {}, true},
    {"writer_plain", {}, {}, false},
    {"writer_default", {{"role", "\"default\""}, {"k", "\"role\""}}, {}, false},
    {"writer_facts", {}, {{"pg", "{\"session_user\": \"writer_facts\"}"}}, false},
};

} // namespace

int main(int argc, char **argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: random_load CONNINFO SEED WRITERS KEEPERS\n");
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    const std::string conninfo = argv[1];
    const unsigned seed = unsigned(std::strtoul(argv[2], nullptr, 10));
    const int writers = std::atoi(argv[3]), keepers = std::atoi(argv[4]);
    std::vector<std::thread> sessions;
    for (int i = 0; i < writers; ++i) {
        sessions.emplace_back([=] { Writer(i, seed * 1000 + i, conninfo, roles[i % roles.size()]).run(); });
    }
    for (int i = 0; i < keepers; ++i) {
        sessions.emplace_back([=] { Keeper(i, seed * 1000 + 500 + i, conninfo).run(); });
    }
    while (std::getchar() != EOF) {
    }
    Connection::stop();
    for (std::thread &session : sessions) {
        session.join();
    }
    return Connection::has_seen_faults() ? 1 : 0;
}
