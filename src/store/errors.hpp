// bemi.errors: changes that are missing in bemi.changes, or of which some values are stored as something
// else, because they cannot be stored as they are. This file alone writes the table.
#pragma once

#include "decode/formats/change_row.hpp"

namespace bemi::store::errors {

/// What is stored of a change that cannot be stored as it was, and why.
class Loss {
public:
    /// Begins with what was lost while the change was decoded. In the current memory context.
    explicit Loss(const decode::ChangeRow &change);

    /// Adds values that are stored as something else, each after a comma. Only the first reason is kept.
    void add(std::string_view stored_as, int sqlstate, const char *reason);

    [[nodiscard]] explicit operator bool() const { return sqlstate_ != 0; }

    /// Records the loss in bemi.errors, in the caller's transaction.
    void note(const decode::ChangeRow &change) const;

private:
    int sqlstate_;
    const char *reason_;
    StringInfoData stored_as_; // each after a comma; empty: the change is missing
};

/// Marks the errors that occurred until then as known to `role`; returns how many. As the owner, connected to
/// SPI.
int64 acknowledge(TimestampTz until, const char *role);

} // namespace bemi::store::errors
