// format=wal2json: wal2json's format-version 2, with the context as the last key of a change.
#include "base/lsn.hpp"
#include "decode/formats.hpp"
#include "decode/formats/wal2json/column.hpp"
#include "decode/row.hpp"

namespace bemi::decode::wal2json {

namespace {

std::string_view start_of(Operation operation) {
    switch (operation) {
    case Operation::create:
        return "{\"action\":\"I\"";
    case Operation::update:
        return "{\"action\":\"U\"";
    case Operation::erase:
        return "{\"action\":\"D\"";
    case Operation::truncate:
        return "{\"action\":\"T\"";
    case Operation::baseline: // only the store has them
        break;
    }
    pg_unreachable();
}

/// Writes a property of the transaction; null outside a transaction.
template <typename Write>
void write_property(json::Writer &out, const Txn &txn, std::string_view key, Write &&write) {
    out.raw(key);
    if (txn.id == no_transaction)
        out.raw("null");
    else
        write();
}

void write_timestamp(json::Writer &out, TimestampTz time) {
    out.raw('"');
    out.raw(timestamptz_to_str(time));
    out.raw('"');
}

void write_start(json::Writer &out, std::string_view start, const Session &session, const Txn &txn) {
    const Options &options = *session.options;
    out.raw(start);
    if (is_set(options, Flag::xids))
        write_property(out, txn, ",\"xid\":", [&] { out.integer(static_cast<TransactionId>(txn.id)); });
    if (is_set(options, Flag::timestamp))
        write_property(out, txn, ",\"timestamp\":", [&] { write_timestamp(out, txn.commit_time); });
    if (is_set(options, Flag::origin))
        write_property(out, txn, ",\"origin\":", [&] { out.integer(txn.origin); });
}

void write_lsn(json::Writer &out, std::string_view key, const Session &session, XLogRecPtr lsn) {
    if (!is_set(*session.options, Flag::lsn))
        return;
    out.raw(key);
    out.raw('"');
    out.raw(lsn_text(lsn));
    out.raw('"');
}

enum class Part : uint8_t { column, identity, key };

void write_column(json::Writer &out, ColumnWriter &column, const Row &row, Part part) {
    if (part == Part::key) {
        out.raw(without_value(column));
        return out.raw('}');
    }
    out.raw(column.key);
    if (row.nulls[column.index])
        out.raw("null");
    else
        write_value(out, column.value, row.values[column.index]);
    if (part == Part::column)
        out.raw(column.tail);
    else
        out.raw('}');
}

/// Writes an array of those columns whose values are available.
void write_columns(json::Writer &out, std::string_view key, std::span<ColumnWriter> columns, const Row &row,
                   Part part) {
    out.raw(key);
    out.enclosed('[', ']', [&] {
        for (ColumnWriter &column : columns)
            if (!lacks_value(row, column))
                write_column(out, column, row, part);
    });
}

void write_rows(json::Writer &out, const Session &session, const Change &change) {
    RelationEntry &entry = *change.relation;
    // If the WAL has no old row, the columns of the identity are unchanged and can be taken from the new row.
    const Row &known = entry.old_row.present ? entry.old_row : entry.new_row;
    if (!known.present)
        return;
    if (entry.new_row.present)
        write_columns(out, ",\"columns\":", entry.columns, entry.new_row, Part::column);
    if (change.operation != Operation::create)
        write_columns(out, ",\"identity\":", entry.identity, known, Part::identity);
    if (is_set(*session.options, Flag::pk))
        write_columns(out, ",\"pk\":", entry.primary_key, known, Part::key);
}

void write_change(json::Writer &out, const Session &session, const Txn &txn, const Change &change) {
    write_start(out, start_of(change.operation), session, txn);
    write_lsn(out, ",\"lsn\":", session, change.position);
    out.raw(change.relation->names);
    if (change.operation != Operation::truncate)
        write_rows(out, session, change);
    out.raw(",\"context\":");
    out.raw(change.context);
    out.raw('}');
}

void write_message(json::Writer &out, const Session &session, const Txn &txn, const Message &message) {
    write_start(out, "{\"action\":\"M\"", session, txn);
    write_lsn(out, ",\"lsn\":", session, message.position);
    out.raw(",\"transactional\":");
    out.raw(txn.id == no_transaction ? "false" : "true");
    out.raw(",\"prefix\":");
    out.string(message.prefix);
    out.raw(",\"content\":");
    write_text_or_bytes(out, message.content);
    out.raw('}');
}

void write_transaction_line(json::Writer &out, std::string_view start, const Session &session,
                            const Txn &txn) {
    write_start(out, start, session, txn);
    write_lsn(out, ",\"lsn\":", session, txn.commit_position);
    write_lsn(out, ",\"nextlsn\":", session, txn.end_position);
    out.raw('}');
}

void write_begin(json::Writer &out, const Session &session, const Txn &txn) {
    write_transaction_line(out, "{\"action\":\"B\"", session, txn);
}

void write_commit(json::Writer &out, const Session &session, const Txn &txn) {
    write_transaction_line(out, "{\"action\":\"C\"", session, txn);
}

} // namespace

constinit const Format version_2_format{.options = version_2_options,
                                        .table_filter = "filter-tables",
                                        .message_filter = "filter-msg-prefixes",
                                        .names = names_of,
                                        .column = make_version_2_column,
                                        .primary_key = primary_key_columns,
                                        .dependencies = dependencies_of,
                                        .needs_identity = true,
                                        .has_materialized_views = true,
                                        .has_empty_transactions = true,
                                        .begin = write_begin,
                                        .change = write_change,
                                        .message = write_message,
                                        .commit = write_commit};

} // namespace bemi::decode::wal2json
