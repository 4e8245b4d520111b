// A unit test in one header: TEST(name) { CHECK(...); CHECK_EQUAL(...); }. One program per file that includes
// it.
#pragma once

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

namespace check {

struct Test {
    const char *name;
    void (*run)();
};

inline std::vector<Test> &tests() {
    static std::vector<Test> all;
    return all;
}

inline int failures_of_this_test = 0;

struct Registration {
    Registration(const char *name, void (*run)()) { tests().push_back({name, run}); }
};

inline void fail(const char *file, int line, const std::string &what) {
    ++failures_of_this_test;
    std::printf("%s:%d: %s\n", file, line, what.c_str());
}

template <typename Actual, typename Expected>
void equal(const char *file, int line, const char *code, const Actual &actual, const Expected &expected) {
    if (actual == expected)
        return;
    std::ostringstream what;
    what << code << "\n    found:    " << actual << "\n    expected: " << expected;
    fail(file, line, what.str());
}

inline int run_all() {
    int passed = 0;
    int failed = 0;
    for (const Test &test : tests()) {
        failures_of_this_test = 0;
        test.run();
        ++(failures_of_this_test == 0 ? passed : failed);
        if (failures_of_this_test > 0)
            std::printf("failed: %s\n", test.name);
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

} // namespace check

#define TEST(name)                                                                                           \
    static void name();                                                                                      \
    static const check::Registration register_##name(#name, name);                                           \
    static void name()

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            check::fail(__FILE__, __LINE__, #condition);                                                     \
    } while (false)

#define CHECK_EQUAL(actual, expected) check::equal(__FILE__, __LINE__, #actual, (actual), (expected))

int main() {
    return check::run_all();
}
