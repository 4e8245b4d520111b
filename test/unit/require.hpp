// What a fuzzer is to find: a condition that does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>

inline void require(bool condition, const char *what) {
    if (condition)
        return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}
