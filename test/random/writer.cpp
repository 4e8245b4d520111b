#include "writer.hpp"

namespace random_load {

Writer::Writer(int number, unsigned seed, const std::string &conninfo, const Role &role)
    : number(number), chance(seed), connection(conninfo + " user=" + role.name), settings(role.context),
      facts(role.facts), is_superuser(role.is_superuser) {}

void Writer::run() {
    while (connection.connect()) {
        if (connection.is_new_since_last_asked()) {
            forget_session();
        }
        transaction();
    }
}

void Writer::forget_session() {
    settings.reset_session();
    is_replica = false;
    for (int i = 0; i < 2; ++i) {
        comments[i] = i ? random_object(chance, "p") : Object{};
        prepare(i);
    }
}

// The table may be locked for a while.
void Writer::prepare(int which) {
    Outcome outcome;
    do {
        outcome = connection.prepare(
            "upsert" + std::to_string(which),
            "INSERT INTO item (id, expect, tag) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE"
            " SET n = item.n + 1, expect = EXCLUDED.expect, tag = EXCLUDED.tag" +
                comment_of(comments[which]));
    } while (outcome == Outcome::failed);
}

void Writer::transaction() {
    protocol = chance.of({Protocol::simple, Protocol::extended, Protocol::prepared, Protocol::pipelined});
    tag = std::to_string(number) + "/" + std::to_string(++transactions) + " " +
          std::vector<std::string>{"simple", "extended", "prepared", "pipelined"}[int(protocol)];
    if (is_superuser && chance.one_in(20)) {
        change_role_of_replication();
    } else if (!prepared_transactions.empty() && chance.one_in(2)) {
        connection.simple(resolve_prepared());
    } else if (protocol == Protocol::prepared) {
        prepared_block();
    } else if (chance.one_in(15)) {
        copy();
    } else if (chance.one_in(3)) {
        alone();
    } else if (protocol != Protocol::extended && chance.one_in(3)) {
        implicit_block();
    } else {
        block();
    }
}

// In the replica role only triggers that fire always do.
void Writer::change_role_of_replication() {
    if (connection.simple(is_replica ? "RESET session_replication_role"
                                     : "SET session_replication_role = replica") == Outcome::done) {
        is_replica = !is_replica;
    }
}

void Writer::begin() {
    settings.begin();
    defers = false;
    whole.clear();
}

// A statement that is a transaction of its own.
void Writer::alone() {
    begin();
    finish(send({chance.one_in(4) ? set_something(false) : write(true)}));
}

// Into a table of level 'statement' or 'row'.
void Writer::copy() {
    begin();
    const std::string table = chance.of<std::string>({"bulk", "notebook"});
    const Object comment = random_comment("c");
    const std::string row = tag + "\x01" + to_json(merge(merge(settings.now(), comment), facts)) + "\n";
    std::string rows;
    for (int n = chance.between(1, 50); n > 0; --n) {
        rows += row;
    }
    finish(connection.copy("COPY " + table +
                               " (tag, expect) FROM STDIN (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')" +
                               comment_of(comment),
                           rows));
}

// Several statements in one string, or up to one Sync, are one transaction without BEGIN.
void Writer::implicit_block() {
    begin();
    whole = protocol == Protocol::simple ? random_comment("w") : Object{};
    std::vector<std::string> statements;
    for (int n = chance.between(2, 6); n > 0; --n) {
        statements.push_back(next_statement(false));
    }
    statements.push_back(note_for_deferred({}) + comment_of(random_comment("e")));
    finish(send(statements));
}

void Writer::block() {
    begin();
    whole = protocol == Protocol::simple ? random_comment("w") : Object{};
    std::vector<std::string> statements = {"BEGIN"};
    for (int n = chance.between(1, 10); n > 0; --n) {
        statements.push_back(next_statement(true));
    }
    const std::string end = end_of_block();
    const Object own = random_comment("e");
    statements.push_back(note_for_deferred(merge(whole, own)));
    statements.push_back(end + comment_of(own));
    Outcome outcome = send(statements);
    if (outcome == Outcome::done && end.starts_with("PREPARE")) {
        prepared_transactions.push_back(end.substr(end.find('\'')));
    }
    finish(outcome == Outcome::done && end == "ROLLBACK" ? Outcome::failed : outcome);
}

// Statements that were parsed once, their comment included, under parameters.
void Writer::prepared_block() {
    begin();
    const bool in_block = chance.one_in(2);
    Outcome outcome = in_block ? connection.extended("BEGIN") : Outcome::done;
    for (int n = in_block ? chance.between(1, 5) : 1; n > 0 && outcome == Outcome::done; --n) {
        if (in_block && chance.one_in(3)) {
            outcome = connection.extended(set_something(true));
            continue;
        }
        const int which = chance.between(0, 1);
        outcome = connection.execute("upsert" + std::to_string(which),
                                     {std::to_string(chance.between(1, 200)),
                                      to_json(merge(merge(settings.now(), comments[which]), facts)), tag});
    }
    if (in_block && outcome == Outcome::done) {
        outcome = connection.extended("COMMIT");
    }
    finish(outcome);
}

Outcome Writer::send(const std::vector<std::string> &statements) {
    if (protocol == Protocol::pipelined) {
        return connection.pipeline(statements);
    }
    if (protocol == Protocol::simple && (!whole.empty() || statements[0] != "BEGIN" || chance.one_in(2))) {
        return send_string(statements);
    }
    Outcome outcome = Outcome::done;
    for (size_t i = 0; i < statements.size() && outcome == Outcome::done; ++i) {
        const bool is_simple = protocol == Protocol::simple;
        outcome = is_simple ? connection.simple(statements[i]) : connection.extended(statements[i]);
    }
    return outcome;
}

Outcome Writer::send_string(const std::vector<std::string> &statements) {
    std::string string = comment_of(whole);
    for (const std::string &statement : statements) {
        string += (string.empty() ? "" : "\n") + statement + ";";
    }
    return connection.simple(string);
}

void Writer::finish(Outcome outcome) {
    if (outcome == Outcome::lost) {
        return; // connect() comes next, and the session is another one
    }
    if (connection.is_in_block()) {
        connection.simple("ROLLBACK");
        outcome = Outcome::failed;
    }
    if (outcome == Outcome::done) {
        settings.commit();
    } else {
        settings.abort();
    }
}

} // namespace random_load
