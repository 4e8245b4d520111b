// What a session believes its context to be. It knows the rules of SET, not bemi's code: that is what makes
// it a witness.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace random_load {

// A JSON object: keys, and values as JSON text.
using Object = std::map<std::string, std::string>;

std::string to_json(const Object &object);

// Keys of the second go over those of the first.
Object merge(Object first, const Object &second);

// The setting bemi.context through transactions and savepoints.
class Settings {
public:
    explicit Settings(Object role_default) : initial(std::move(role_default)) { reset_session(); }

    const Object &now() const { return current.effective; }

    void set(const Object &value, bool is_local) {
        current.effective = value;
        if (!is_local) {
            current.after_commit = value;
        }
    }
    void reset() { set(initial, false); }

    void begin() {
        before = current.effective;
        current.after_commit = before;
        savepoints.clear();
    }
    void savepoint() { savepoints.push_back(current); }
    void rollback_to() { current = savepoints.back(); }
    void release() { savepoints.pop_back(); }
    bool in_savepoint() const { return !savepoints.empty(); }

    void commit() { current.effective = current.after_commit; }
    void abort() { current.effective = before; }
    void reset_session() { current = {initial, initial}; }

private:
    struct State {
        Object effective, after_commit;
    };
    Object initial, before;
    State current;
    std::vector<State> savepoints;
};

} // namespace random_load
