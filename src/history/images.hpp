// Images of rows: JSON objects whose members are the columns. PostgreSQL sorts the members of a jsonb object,
// those of two objects in the same way.
#pragma once

#include "base/compat.hpp"

#include <span>

namespace bemi::history {

/// The members of an object, one after the other. Their values are not unpacked.
struct Members {
    JsonbIterator *iterator;
    JsonbValue key, value;
    bool has_more;
};

/// Begins with the first member. ERROR if it is no object.
[[nodiscard]] Members members_of(Jsonb *object);

void advance(Members &members);

/// The order of members within an object.
[[nodiscard]] int compare_names(const JsonbValue &a, const JsonbValue &b);

/// Numbers with other digits differ, although they may be equal.
[[nodiscard]] bool are_same(const JsonbValue &a, const JsonbValue &b);

/// The object with only those of its members that are named.
[[nodiscard]] Jsonb *only(Jsonb *image, std::span<const Datum> names);

[[nodiscard]] inline Datum name_of(const JsonbValue &key) {
    return PointerGetDatum(cstring_to_text_with_len(key.val.string.val, key.val.string.len));
}

/// Calls `use` with the name of each member that differs, and its values; null in the object that lacks it.
template <typename Use> void for_each_difference(Jsonb *before, Jsonb *after, Use &&use) {
    Members a = members_of(before), b = members_of(after);
    while (a.has_more || b.has_more) {
        const int order = !a.has_more ? 1 : !b.has_more ? -1 : compare_names(a.key, b.key);
        if (order != 0 || !are_same(a.value, b.value))
            use(order <= 0 ? a.key : b.key, order <= 0 ? &a.value : nullptr, order >= 0 ? &b.value : nullptr);
        if (order <= 0)
            advance(a);
        if (order >= 0)
            advance(b);
    }
}

} // namespace bemi::history
