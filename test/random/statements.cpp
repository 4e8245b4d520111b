#include "statements.hpp"

namespace random_load {

std::string to_json(const Object &object) {
    std::string json = "{";
    for (const auto &[key, value] : object) {
        json += (json.size() > 1 ? ", \"" : "\"") + key + "\": " + value;
    }
    return json + "}";
}

Object merge(Object first, const Object &second) {
    for (const auto &[key, value] : second) {
        first[key] = value;
    }
    return first;
}

// `k` is in all of them, so that it shows which of them went over which.
Object random_object(Chance &chance, const std::string &own_key) {
    const std::string number = std::to_string(chance.between(1, 1000000));
    const std::string value = chance.of<std::string>(
        {number, number, "\"it's\"", "\"\\u002a/ -- \\\" ;\"", "{\"deep\": [1, null, \"日本\"]}"});
    return {{own_key, value}, {"k", "\"" + own_key + number + "\""}};
}

std::string literal(const std::string &text) {
    std::string quoted = "'";
    for (char c : text) {
        quoted += c == '\'' ? "''" : std::string(1, c);
    }
    // The context of an object may have a backslash, which is one under standard_conforming_strings.
    return quoted + "'";
}

std::string comment_of(const Object &object) {
    return object.empty() ? "" : " /*Bemi " + to_json(object) + " Bemi*/";
}

namespace {

// The parts of a statement that are in most of them.
struct Parts {
    Chance &chance;
    std::string expected; // literals
    std::string tag;
    std::string over;       // what goes over every setting: the comment and facts
    std::string at_the_end; // what a deferred trigger is to find, where that is known already

    std::string id() const { return std::to_string(chance.between(1, 200)); }
    std::string region() const { return chance.of({"'a'", "'b'", "'c'"}); }
    std::string value() const {
        return chance.of<std::string>(
            {"1.10", "NULL", "'NaN'", "123456789012345678901234567890.5", "-0.001"});
    }
    // Some look like comments, and are data.
    std::string note() const {
        const std::string trap = " /*Bemi {\"trap\": true} Bemi*/ ";
        return chance.of<std::string>(
            {"NULL", "'plain'", "E'tab\\t\\\\ \"quoted\"'", "repeat('long ', 2000)",
             "(SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 300))",
             "'C:\\' || '" + trap + "'", "E'it\\'s" + trap + "'", "$x$" + trap + "$x$"});
    }
    // For triggers that see no new row.
    std::string expects() const { return "ledger.expects(" + expected + ", " + tag + ")"; }
};

std::string insert_item(const Parts &p, const std::string &id) {
    return "INSERT INTO item (id, expect, tag, amount, note) VALUES (" + id + ", " + p.expected + ", " +
           p.tag + ", " + p.value() + ", " + p.note() + ")";
}

const std::string or_update = " ON CONFLICT (id) DO UPDATE SET n = item.n + 1, expect = EXCLUDED.expect, tag "
                              "= EXCLUDED.tag, amount = EXCLUDED.amount";

std::string set_clause(const Parts &p) {
    return " SET n = n + 1, expect = " + p.expected + ", tag = " + p.tag;
}

std::string upsert(const Parts &p) {
    return insert_item(p, p.id()) + or_update;
}

std::string update_item(const Parts &p) {
    return "UPDATE item" + set_clause(p) + ", note = " + p.note() + " WHERE id = " + p.id();
}

std::string update_some(const Parts &p) {
    const int from = p.chance.between(1, 190);
    return "UPDATE item" + set_clause(p) + " WHERE id BETWEEN " + std::to_string(from) + " AND " +
           std::to_string(from + 3);
}

std::string delete_item(const Parts &p) {
    return "DELETE FROM item WHERE id = " + p.id() + " AND " + p.expects();
}

std::string insert_detail(const Parts &p) {
    return "INSERT INTO detail (item, expect, tag) SELECT id, " + p.expected + ", " + p.tag +
           " FROM item WHERE id = " + p.id();
}

std::string through_cte(const Parts &p) {
    return "WITH w AS (" + upsert(p) + " RETURNING id) INSERT INTO bulk (expect, tag, n) SELECT " +
           p.expected + ", " + p.tag + ", id FROM w";
}

std::string merge_item(const Parts &p) {
    return "MERGE INTO item USING (VALUES (" + p.id() +
           ")) AS v (id) ON item.id = v.id WHEN MATCHED THEN UPDATE" + set_clause(p) +
           " WHEN NOT MATCHED THEN INSERT (id, expect, tag) VALUES (v.id, " + p.expected + ", " + p.tag + ")";
}

std::string through_rule(const Parts &p) {
    return "UPDATE item_view SET expect = " + p.expected + ", tag = " + p.tag + " WHERE id = " + p.id();
}

std::string through_function(const Parts &p) {
    return "SELECT ledger.write_inside(" + p.id() + ", " + p.over + ", " + p.tag + ")";
}

std::string insert_bulk(const Parts &p) {
    return "INSERT INTO bulk (expect, tag, n, filler) SELECT " + p.expected + ", " + p.tag +
           ", i, repeat('x', i) FROM generate_series(1, " + std::to_string(p.chance.between(1, 40)) +
           ") AS i";
}

std::string copy_bulk(const Parts &p) {
    return "UPDATE bulk SET n = n + 1, expect = " + p.expected + ", tag = " + p.tag +
           " WHERE id % 97 = " + std::to_string(p.chance.between(0, 96)) +
           " AND id > (SELECT max(id) - 300 FROM bulk)";
}

std::string move_part(const Parts &p) {
    return "UPDATE part SET n = n + 1, region = " + p.region() + ", expect = " + p.expected +
           ", tag = " + p.tag + " WHERE id = " + p.id() + " AND " + p.expects();
}

std::string insert_part(const Parts &p) {
    return "INSERT INTO part (id, region, expect, tag) SELECT " + p.id() + ", " + p.region() + ", " +
           p.expected + ", " + p.tag + " WHERE " + p.expects() + " ON CONFLICT DO NOTHING";
}

std::string delete_part(const Parts &p) {
    return "DELETE FROM part WHERE id = " + p.id() + " AND " + p.expects();
}

std::string write_shifting(const Parts &p) {
    return "INSERT INTO shifting (id, expect, tag) VALUES (" + p.id() + ", " + p.expected + ", " + p.tag +
           ") ON CONFLICT (id) DO UPDATE SET n = shifting.n + 1, expect = EXCLUDED.expect, tag = "
           "EXCLUDED.tag";
}

std::string truncate_scratch(const Parts &p) {
    return "SELECT ledger.truncate_scratch(" + p.expected + ", " + p.tag + ")";
}

std::string defer(const Parts &p) {
    return "INSERT INTO deferring (expect, tag, later) VALUES (" + p.expected + ", " + p.tag + ", " +
           p.at_the_end + ")";
}

// The block loses its write and its context; what comes after it bears the context of before.
std::string with_exception(const Parts &p) {
    return "DO $do$ BEGIN " + upsert(p) +
           "; BEGIN PERFORM bemi.set_context('{\"lost\": true}', true); UPDATE item SET n = -1, expect = "
           "'{\"lost\": true}'"
           " WHERE id = " +
           p.id() + "; RAISE EXCEPTION 'on purpose'; EXCEPTION WHEN raise_exception THEN NULL; END; " +
           upsert(p) + "; END $do$";
}

using Maker = std::string (*)(const Parts &);

const std::vector<Maker> makers = {
    upsert,      upsert,      update_item,    update_item,      update_some,    delete_item, insert_detail,
    through_cte, merge_item,  through_rule,   through_function, insert_bulk,    copy_bulk,   move_part,
    insert_part, delete_part, write_shifting, truncate_scratch, with_exception, defer};

// In the replica role neither cascades nor deferred triggers run, so the referencing rows would stay.
bool suits(Maker maker, const Situation &situation) {
    if (maker == defer) {
        return situation.may_defer && !situation.is_replica;
    }
    return !situation.is_replica || (maker != delete_item && maker != insert_detail);
}

Maker random_maker(Chance &chance, const Situation &situation) {
    Maker maker;
    do {
        maker = chance.of(makers);
    } while (!suits(maker, situation));
    return maker;
}

// Behind the statement, or behind its first word.
std::string with_comment(Chance &chance, const std::string &sql, const std::string &comment) {
    const size_t word = sql.find(' ');
    return chance.one_in(3) ? sql.substr(0, word) + comment + sql.substr(word) : sql + comment;
}

} // namespace

Write random_write(Chance &chance, const Situation &situation) {
    const Object own = chance.one_in(2) ? random_object(chance, "c") : Object{};
    const Object comment = merge(situation.whole, own);
    const Object over = merge(comment, situation.facts);
    const std::string context = literal(to_json(merge(situation.setting, over)));
    const Parts parts{chance, context, literal(situation.tag), literal(to_json(over)),
                      situation.is_alone ? context : "NULL"};
    const Maker maker = random_maker(chance, situation);
    return {with_comment(chance, maker(parts), comment_of(own)), comment, maker == defer};
}

} // namespace random_load
