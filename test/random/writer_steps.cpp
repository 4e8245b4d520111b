// The statements that a transaction is made of, but for its writes.
#include "writer.hpp"

#include <unistd.h>

namespace random_load {

std::string Writer::next_statement(bool in_block) {
    if (chance.one_in(4)) {
        return set_something(true);
    }
    if (in_block && chance.one_in(5)) {
        return savepoint();
    }
    return write(false);
}

// A transaction defers but once, so that it is clear whose comment it is.
std::string Writer::write(bool is_alone) {
    const Write write =
        random_write(chance, {settings.now(), whole, facts, tag, is_replica, !defers, is_alone});
    if (write.defers) {
        defers = true;
        deferred_comment = write.comment;
    }
    return write.sql;
}

std::string Writer::set_something(bool in_block) {
    const bool is_local = in_block && chance.one_in(2);
    const Object object = chance.one_in(6) ? Object{} : random_object(chance, is_local ? "l" : "s");
    const std::string json = literal(to_json(object)), local = is_local ? "true" : "false";
    switch (chance.between(whole.empty() ? 1 : 2, 5)) {
    case 1:
        settings.set(merge(settings.now(), object), is_local);
        return "SELECT bemi.merge_context(" + json + ", " + local + ")";
    case 2:
        settings.set(object, is_local);
        return std::string(is_local ? "SET LOCAL" : "SET") + " bemi.context = " + json;
    case 3:
        settings.set(object, is_local);
        return "SELECT bemi.set_context(" + json + ", " + local + ")";
    case 4:
        settings.set(object, is_local);
        return "SELECT set_config('bemi.context', " + json + ", " + local + ")";
    default:
        settings.reset();
        return "RESET bemi.context";
    }
}

std::string Writer::savepoint() {
    const int choice = settings.in_savepoint() ? chance.between(1, 3) : 1;
    if (choice == 1) {
        settings.savepoint();
        return "SAVEPOINT s";
    }
    if (choice == 2) {
        settings.rollback_to();
        return "ROLLBACK TO s";
    }
    settings.release();
    return "RELEASE s";
}

// What deferred triggers write bears the setting at the end, over it the comment of the statement that queued
// them, and over that the one of the statement that ends the transaction.
std::string Writer::note_for_deferred(const Object &end) {
    const Object comment = merge(merge(deferred_comment, end), facts);
    return "SELECT set_config('ledger.later', " + literal(to_json(merge(settings.now(), comment))) +
           ", true)";
}

Object Writer::random_comment(const std::string &own_key) {
    return chance.one_in(3) ? random_object(chance, own_key) : Object{};
}

std::string Writer::end_of_block() {
    if (chance.one_in(8)) {
        return "ROLLBACK";
    }
    if (chance.one_in(8)) {
        return "PREPARE TRANSACTION 'p" + std::to_string(getpid()) + "_" + std::to_string(number) + "_" +
               std::to_string(transactions) + "'";
    }
    return "COMMIT";
}

std::string Writer::resolve_prepared() {
    const std::string gid = prepared_transactions.back();
    prepared_transactions.pop_back();
    return (chance.one_in(3) ? "ROLLBACK PREPARED " : "COMMIT PREPARED ") + gid;
}

} // namespace random_load
