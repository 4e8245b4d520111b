#include "decode/guard.hpp"

#include "base/memory.hpp"
#include "decode/primary_key.hpp"
#include "decode/row.hpp"

namespace bemi::decode {

namespace {

using Risk = ValueWriter::Risk;

/// Whether decoding the change once more would fail again. Lack of resources, trouble with the system, and
/// interrupts by an operator pass.
bool is_permanent(const ErrorData &error) {
    switch (ERRCODE_TO_CATEGORY(error.sqlerrcode)) {
    case ERRCODE_TRANSACTION_ROLLBACK:
    case ERRCODE_INSUFFICIENT_RESOURCES:
    case ERRCODE_OPERATOR_INTERVENTION:
    case ERRCODE_SYSTEM_ERROR:
        return false;
    default:
        return true;
    }
}

/// Runs `body`, which writes. Returns NULL on success, or the permanent error that `body` raised, allocated
/// in the current memory context. Raises all other errors again.
///
/// Foreign code runs in a subtransaction, whose abort cleans up after an error. The subtransaction writes
/// nothing, so it gets no transaction id. PostgreSQL's own output functions need none: after an error they
/// hold at most references to cached catalog rows, which are released when the reorder buffer aborts the
/// transaction in which it runs the callbacks.
template <typename Body> const ErrorData *catch_error(Risk risk, Body &&body) {
    MemoryContext memory = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    const bool isolated = risk == Risk::foreign_code;
    const ErrorData *volatile error = nullptr;
    if (isolated)
        BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(memory);
    PG_TRY();
    {
        body();
        if (isolated)
            ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(memory);
        error = CopyErrorData();
        FlushErrorState();
        if (isolated)
            RollbackAndReleaseCurrentSubTransaction();
    }
    PG_END_TRY();
    MemoryContextSwitchTo(memory);
    CurrentResourceOwner = owner;
    if (error != nullptr && !is_permanent(*error) && !is_permanent_lack_of_memory(*error))
        ReThrowError(const_cast<ErrorData *>(error));
    return error;
}

void mark_unreadable(Row &row, const ColumnWriter &column) {
    row.unreadable = bms_add_member(row.unreadable, column.index);
}

/// Tries to write each value that may fail, and marks the values that do. Returns the first error, or NULL.
const ErrorData *mark_unreadable_values(RelationEntry &entry, Row &row) {
    const ErrorData *first = nullptr;
    StringInfoData text;
    initStringInfo(&text);
    for (ColumnWriter &column : entry.columns) {
        if (!row.present || column.value.risk == Risk::none || !has_value(row, column))
            continue;
        resetStringInfo(&text);
        const ErrorData *error = catch_error(column.value.risk, [&] {
            json::Writer out{&text};
            write_value(out, column.value, row.values[column.index]);
        });
        if (error == nullptr)
            continue;
        mark_unreadable(row, column);
        first = first != nullptr ? first : error;
    }
    pfree(text.data);
    return first;
}

/// Tries the output function of a primary key of one column, which may fail although the value can be written
/// as JSON. Marks the column and returns the error, or NULL.
const ErrorData *mark_unreadable_key(RelationEntry &entry) {
    if (entry.primary_key.size() != 1 || entry.primary_key.front().value.risk == Risk::none ||
        row_with_key(entry) == nullptr)
        return nullptr;
    Row &row = entry.new_row.present ? entry.new_row : entry.old_row;
    const ColumnWriter &column = entry.primary_key.front();
    const ErrorData *error = catch_error(
        column.value.risk, [&] { (void)OutputFunctionCall(&entry.key_output, row.values[column.index]); });
    if (error != nullptr)
        mark_unreadable(row, column);
    return error;
}

/// Marks all values that cannot be written. Returns the error of one of them, or NULL.
const ErrorData *mark_unreadable_in_rows(RelationEntry &entry) {
    const ErrorData *of_old = mark_unreadable_values(entry, entry.old_row),
                    *of_new = mark_unreadable_values(entry, entry.new_row),
                    *of_key = mark_unreadable_key(entry);
    return of_new != nullptr ? of_new : of_old != nullptr ? of_old : of_key;
}

/// Warns once for each relation entry, not for each change.
void warn_unreadable(RelationEntry &entry, const ErrorData &fault) {
    if (!entry.warned_unreadable)
        ereport(WARNING, (errmsg("leaving out values of table \"%s.%s\" that cannot be written", entry.schema,
                                 entry.table),
                          errdetail("Writing one of them failed: %s", fault.message)));
    entry.warned_unreadable = true;
}

} // namespace

void write_guarded(json::Writer &line, const Format &format, const Session &session, const Txn &txn,
                   const Change &change) {
    RelationEntry &entry = *change.relation;
    if (entry.risk == Risk::none && format.missing == nullptr)
        return format.change(line, session, txn, change);

    const size_t start = line.size();
    Change attempted = change;
    const auto attempt = [&] {
        return catch_error(entry.risk, [&] { format.change(line, session, txn, attempted); });
    };
    const ErrorData *error = attempt();
    if (error == nullptr)
        return;
    attempted.fault = mark_unreadable_in_rows(entry);
    if (attempted.fault != nullptr) {
        warn_unreadable(entry, *attempted.fault);
        line.truncate(start);
        error = attempt();
        if (error == nullptr)
            return;
    }
    if (format.missing == nullptr)
        ReThrowError(const_cast<ErrorData *>(error));
    attempted.fault = error;
    line.truncate(start);
    format.missing(line, txn, attempted);
}

bool write_value_guarded(json::Writer &out, ValueWriter &writer, Datum value) {
    const size_t start = out.size();
    const bool is_written = catch_error(writer.risk, [&] { write_value(out, writer, value); }) == nullptr;
    if (!is_written)
        out.truncate(start);
    return is_written;
}

} // namespace bemi::decode
