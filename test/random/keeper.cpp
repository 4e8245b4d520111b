#include "keeper.hpp"

#include "statements.hpp"

#include <unistd.h>

namespace random_load {

Keeper::Keeper(int number, unsigned seed, const std::string &conninfo)
    : number(number), chance(seed), connection(conninfo + " user=postgres") {}

void Keeper::run() {
    while (connection.connect()) {
        task();
    }
}

void Keeper::task() {
    tag = "keeper " + std::to_string(number) + "/" + std::to_string(++tasks);
    name = "made_" + std::to_string(getpid()) + "_" + std::to_string(number) + "_" + std::to_string(tasks);
    if (chance.one_in(3)) {
        connection.simple(maintenance());
    } else {
        send(random_task(), chance.one_in(2));
    }
}

// What is broken off half-way leaves a table behind, no more.
void Keeper::send(const std::vector<std::string> &statements, bool in_block) {
    Outcome outcome = in_block ? connection.simple(begin()) : Outcome::done;
    for (size_t i = 0; i < statements.size() && outcome == Outcome::done; ++i) {
        outcome = chance.one_in(2) ? connection.simple(statements[i]) : connection.extended(statements[i]);
    }
    if (in_block && outcome != Outcome::lost) {
        connection.simple(outcome == Outcome::failed || chance.one_in(6) ? "ROLLBACK" : "COMMIT");
    }
}

std::string Keeper::begin() {
    return chance.of<std::string>({"BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ",
                                   "BEGIN ISOLATION LEVEL SERIALIZABLE",
                                   "BEGIN; SET LOCAL session_replication_role = replica"});
}

std::vector<std::string> Keeper::random_task() {
    switch (chance.between(1, 9)) {
    case 1:
        return shift_columns();
    case 2:
        return move_partition();
    case 3:
        return new_table();
    case 4:
        return table_with_rows();
    case 5:
        return table_from_elsewhere();
    case 6:
        return new_partition();
    case 7:
        return toggle();
    case 8:
        return whole_schema();
    default:
        return broken_off();
    }
}

std::string Keeper::write(const std::string &table) {
    const Object context = random_object(chance, "d");
    return "INSERT INTO " + table + " (id, expect, tag) VALUES (" +
           std::to_string(chance.between(1, 1000000)) + ", " + literal(to_json(context)) + ", " +
           literal(tag) + ")" + comment_of(context);
}

// The ledger leaves out what expects nothing.
std::string Keeper::untracked_write(const std::string &table) {
    return "INSERT INTO " + table + " (id, tag) VALUES (1, " + literal(tag) +
           ") /*Bemi {\"lost\": true} Bemi*/";
}

// Each keeper has columns of its own.
std::vector<std::string> Keeper::shift_columns() {
    const std::string own = std::to_string(number), other = "other_" + own;
    const std::string column = "c" + std::to_string(chance.between(1, 6)) + "_" + own,
                      alter = "ALTER TABLE shifting ";
    switch (chance.between(1, 4)) {
    case 1:
        return {alter + "ADD COLUMN IF NOT EXISTS " + column + " int DEFAULT 5"};
    case 2:
        return {alter + "DROP COLUMN IF EXISTS " + column};
    case 3:
        return {alter + "ADD COLUMN IF NOT EXISTS " + column + " int DEFAULT 7",
                alter + "ALTER COLUMN " + column + " TYPE text USING " + column + "::text || 'x'",
                alter + "DROP COLUMN " + column};
    default:
        return {alter + "DROP COLUMN IF EXISTS " + other,
                alter + "ADD COLUMN IF NOT EXISTS " + column + " text",
                alter + "RENAME COLUMN " + column + " TO " + other, alter + "DROP COLUMN " + other};
    }
}

// The trigger of the ledger goes with the partitioned table's, so the partition has one of its own meanwhile.
std::vector<std::string> Keeper::move_partition() {
    const std::string region = chance.of<std::string>({"a", "b", "c"}), partition = "part_" + region;
    return {"DO $$ BEGIN ALTER TABLE part DETACH PARTITION " + partition + "; PERFORM ledger.follow('" +
            partition + "'); INSERT INTO " + partition + " (id, region, expect, tag) VALUES (" +
            std::to_string(chance.between(1000, 2000000)) + ", '" + region + "', '{\"apart\": 1}', '" + tag +
            "'); DROP TRIGGER \"~ledger\" ON " + partition + "; ALTER TABLE part ATTACH PARTITION " +
            partition + " FOR VALUES IN ('" + region + "'); END $$ /*Bemi {\"apart\": 1} Bemi*/"};
}

std::vector<std::string> Keeper::new_table() {
    return {"CREATE TABLE " + name + " (id int PRIMARY KEY, expect jsonb, tag text)",
            "SELECT ledger.follow('" + name + "')",
            write(name),
            "ALTER TABLE " + name + " RENAME TO " + name + "_r",
            write(name + "_r"),
            "ALTER TABLE " + name + "_r ADD COLUMN more text DEFAULT 'more'",
            write(name + "_r"),
            "DROP TABLE " + name + "_r"};
}

// Its first rows are there before it can be tracked.
std::vector<std::string> Keeper::table_with_rows() {
    return {"CREATE TABLE " + name + " AS SELECT 1 AS id, NULL::jsonb AS expect, NULL::text AS tag",
            "SELECT ledger.follow('" + name + "')", write(name), "DROP TABLE " + name};
}

std::vector<std::string> Keeper::table_from_elsewhere() {
    return {"CREATE TABLE apart." + name + " (id int, expect jsonb, tag text)",
            untracked_write("apart." + name),
            "SELECT ledger.follow('apart." + name + "')",
            "ALTER TABLE apart." + name + " SET SCHEMA public",
            write(name),
            "DROP TABLE " + name};
}

std::vector<std::string> Keeper::new_partition() {
    return {"CREATE TABLE " + name + " PARTITION OF part FOR VALUES IN ('" + name + "')",
            "INSERT INTO part (id, region, expect, tag) VALUES (1, '" + name + "', '{\"new\": 1}', '" + tag +
                "') /*Bemi {\"new\": 1} Bemi*/",
            "ALTER TABLE part DETACH PARTITION " + name, "DROP TABLE " + name};
}

std::vector<std::string> Keeper::toggle() {
    const std::string level = chance.of<std::string>({"row", "statement"}), table = "apart." + name;
    return {"CREATE TABLE " + table + " (id int, expect jsonb, tag text)",
            "SELECT ledger.follow('" + table + "')",
            untracked_write(table),
            "SELECT bemi.track('" + table + "', '" + level + "')",
            write(table),
            "SELECT bemi.untrack('" + table + "')",
            untracked_write(table),
            "SELECT bemi.track('" + table + "')",
            write(table),
            "DROP TABLE " + table};
}

std::vector<std::string> Keeper::whole_schema() {
    const std::string old_table = name + ".old_table", new_table = name + ".new_table",
                      columns = " (id int, expect jsonb, tag text)";
    return {"CREATE SCHEMA " + name,
            "CREATE TABLE " + old_table + columns,
            "SELECT ledger.follow('" + old_table + "')",
            untracked_write(old_table),
            "SELECT bemi.track_schema('" + name + "')",
            write(old_table),
            "CREATE TABLE " + new_table + columns,
            "SELECT ledger.follow('" + new_table + "')",
            write(new_table),
            "SELECT bemi.untrack_schema('" + name + "')",
            untracked_write(old_table),
            untracked_write(new_table),
            "DROP SCHEMA " + name + " CASCADE"};
}

std::vector<std::string> Keeper::broken_off() {
    return {"CREATE TABLE " + name + " (id int, expect jsonb, tag text)",
            "SELECT ledger.follow('" + name + "')", write(name),
            "DO $$ BEGIN DROP TABLE " + name +
                "; RAISE EXCEPTION 'on purpose'; EXCEPTION WHEN raise_exception THEN NULL; END $$",
            "DROP TABLE " + name};
}

std::string Keeper::maintenance() {
    const std::string table =
        chance.of<std::string>({"item", "detail", "bulk", "part_a", "shifting", "echo", "bemi.progress",
                                "bemi.worker", "bemi.tracked_schemas", "bemi.errors", "bemi.changes",
                                "pg_catalog.pg_trigger", "pg_catalog.pg_class", "pg_catalog.pg_attribute"});
    const std::string statement =
        chance.of<std::string>({"REINDEX TABLE ", "VACUUM FULL ", "VACUUM ", "ANALYZE "});
    return chance.one_in(10) ? "CHECKPOINT" : statement + table;
}

} // namespace random_load
