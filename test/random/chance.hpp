// Random choices: each session has its own, from the seed and its number, so that its statements can be
// repeated.
#pragma once

#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace random_load {

class Chance {
public:
    explicit Chance(unsigned seed) : engine(seed) {}

    int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine); }
    bool one_in(int n) { return between(1, n) == 1; }

    template <class T> T of(std::initializer_list<T> choices) {
        return choices.begin()[between(0, int(choices.size()) - 1)];
    }
    template <class T> const T &of(const std::vector<T> &choices) {
        return choices[between(0, int(choices.size()) - 1)];
    }

private:
    std::mt19937 engine;
};

} // namespace random_load
