// bemi.errors: changes that are missing in bemi.changes, or stored otherwise than they were, because of what
// they are. The others go on without them.
#pragma once

#include "decode/formats/change_row.hpp"

namespace bemi::errors {

/// What is stored of a change that cannot be stored as it was, and why.
class Loss {
public:
    /// In the current memory context, with what was lost while the change was decoded.
    explicit Loss(const decode::ChangeRow &change);

    /// Values of the change are stored as something else: each after a comma. The first reason is kept.
    void add(std::string_view stored_as, int sqlstate, const char *reason);

    [[nodiscard]] explicit operator bool() const { return sqlstate_ != 0; }

    /// Notes it, in the caller's transaction.
    void note(const decode::ChangeRow &change) const;

private:
    int sqlstate_;
    const char *reason_;
    StringInfoData stored_as_; // each after a comma; empty: the change is missing
};

/// Marks what was noted until then as known; returns how many that are. As the owner and connected to SPI.
int64 acknowledge(TimestampTz until, const char *role);

} // namespace bemi::errors
