// Statements that write to tracked tables. Each carries the context that its changes should bear, as data.
#pragma once

#include "chance.hpp"
#include "settings.hpp"

#include <string>
#include <vector>

namespace random_load {

// What a statement has to know.
struct Situation {
    const Object &setting;
    const Object &whole; // the comment at the beginning of the string, which is for all its statements
    const Object &facts;
    std::string tag; // session and transaction, by which evidence is found
    bool is_replica;
    bool may_defer;
    bool is_alone; // a transaction of its own
};

struct Write {
    std::string sql;
    Object comment;
    bool defers = false; // has queued a deferred trigger, which wants to know the context at the end
};

Object random_object(Chance &chance, const std::string &own_key);
std::string literal(const std::string &text);
std::string comment_of(const Object &object);

Write random_write(Chance &chance, const Situation &situation);

} // namespace random_load
