#include "base/wildcard.hpp"

namespace bemi {

bool matches_wildcards(std::string_view pattern, std::string_view name, char wildcard) noexcept {
    constexpr size_t none = std::string_view::npos;
    size_t p = 0, n = 0, after_wildcard = none, wildcard_end = 0;

    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == wildcard) {
            after_wildcard = ++p;
            wildcard_end = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            p++;
            n++;
        } else if (after_wildcard != none) { // the last wildcard matches one more character
            p = after_wildcard;
            n = ++wildcard_end;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of(wildcard, p) == none;
}

} // namespace bemi
