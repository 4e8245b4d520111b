// The argument `keys` of a function.
#pragma once

#include "base/text.hpp"
#include "history/key_table.hpp"

namespace bemi::history {

class WantedKeys {
public:
    void open(Datum keys) {
        Datum *texts;
        bool *nulls;
        int count;
        keys_.open(CurrentMemoryContext);
        deconstruct_array(DatumGetArrayTypeP(keys), TEXTOID, -1, false, TYPALIGN_INT, &texts, &nulls, &count);
        for (int i = 0; i < count; i++)
            if (!nulls[i])
                (void)keys_.add(view_of(DatumGetTextPP(texts[i])));
    }

    [[nodiscard]] bool has(std::string_view key) { return keys_.find(key) != nullptr; }
    template <typename Use> void for_each(Use &&use) {
        keys_.for_each([&](const Entry &entry) { use(entry.key); });
    }

private:
    struct Entry {
        std::string_view key;
    };
    KeyTable<Entry> keys_;
};

} // namespace bemi::history
