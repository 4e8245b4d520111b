// A session that does what a server's keeper does: DDL, partitions, tracking on and off, maintenance.
#pragma once

#include "chance.hpp"
#include "connection.hpp"

#include <string>
#include <vector>

namespace random_load {

class Keeper {
public:
    Keeper(int number, unsigned seed, const std::string &conninfo);
    void run();

private:
    void task();
    void send(const std::vector<std::string> &statements, bool in_block);
    std::string begin();
    std::vector<std::string> random_task();

    std::vector<std::string> shift_columns();
    std::vector<std::string> move_partition();
    std::vector<std::string> new_table();
    std::vector<std::string> table_with_rows();
    std::vector<std::string> table_from_elsewhere();
    std::vector<std::string> new_partition();
    std::vector<std::string> toggle();
    std::vector<std::string> broken_off();
    std::vector<std::string> whole_schema();
    std::string maintenance();

    std::string write(const std::string &table);
    std::string untracked_write(const std::string &table);

    int number;
    int tasks = 0;
    Chance chance;
    Connection connection;
    std::string tag, name;
};

} // namespace random_load
