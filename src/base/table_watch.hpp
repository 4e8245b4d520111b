// Whether a table of bemi's own may have changed: whatever writes it sends an invalidation message for it.
#pragma once

#include "base/compat.hpp"

namespace bemi {

/// PostgreSQL calls it back until the process ends, so it is a static object.
class TableWatch {
public:
    /// Call before the table is looked up and read. What changes from now on counts.
    void begin();
    /// The table; invalid if there is none yet.
    void set_table(Oid table) { table_ = table; }

    /// Whether the table may have changed since begin() was called last, or begin() was never called.
    /// Messages of other sessions count once this process has received them, as it does when a transaction
    /// starts.
    [[nodiscard]] bool may_have_changed() const { return may_have_changed_; }

private:
    static void on_relation_change(Datum watch, Oid relation);

    Oid table_ = InvalidOid;
    bool may_have_changed_ = true;
    bool is_registered_ = false;
};

} // namespace bemi
