// wal2json's format-version 1, for clients that know no other version, with the context as the last key of a
// change. wal2json writes one object for each transaction; here every change is an object of its own.
#include "decode/formats.hpp"
#include "decode/formats/wal2json/column.hpp"
#include "decode/row.hpp"

namespace bemi::decode::wal2json {

namespace {

/// The start of the line up to the name of the table.
std::string_view start_of(Operation operation) {
    switch (operation) {
    case Operation::create:
        return "{\"change\":[{\"kind\":\"insert\"";
    case Operation::update:
        return "{\"change\":[{\"kind\":\"update\"";
    case Operation::erase:
        return "{\"change\":[{\"kind\":\"delete\"";
    case Operation::truncate: // the options of this version exclude it
    case Operation::baseline: // only the store has them
        break;
    }
    pg_unreachable();
}

constexpr std::string_view end = "}]}";

/// The keys of the three arrays that describe columns.
struct Keys {
    std::string_view names;
    std::string_view types;
    std::string_view values;
};

constexpr Keys column_keys{",\"columnnames\":", ",\"columntypes\":", ",\"columnvalues\":"};
constexpr Keys identity_keys{"\"keynames\":", ",\"keytypes\":", ",\"keyvalues\":"};

/// Whether the column is written. wal2json leaves nulls out of an identity.
using Includes = bool (*)(const Row &row, const ColumnWriter &column);

bool is_known(const Row &row, const ColumnWriter &column) {
    return !lacks_value(row, column);
}

/// Writes an array; `write` puts a comma before each element.
template <typename Write>
void write_array(json::Writer &out, std::string_view key, std::span<ColumnWriter> columns, const Row &row,
                 Includes includes, Write &&write) {
    out.raw(key);
    out.enclosed('[', ']', [&] {
        for (ColumnWriter &column : columns)
            if (includes(row, column))
                write(column);
    });
}

void write_element(json::Writer &out, ColumnWriter &column, const Row &row) {
    out.raw(',');
    if (row.nulls[column.index])
        out.raw("null");
    else
        write_value(out, column.value, row.values[column.index]);
}

void write_columns(json::Writer &out, const Session &session, const Keys &keys,
                   std::span<ColumnWriter> columns, const Row &row, Includes includes) {
    const auto write = [&](std::string_view key, auto &&write_one) {
        write_array(out, key, columns, row, includes, write_one);
    };
    write(keys.names, [&](const ColumnWriter &column) { out.raw(column.key); });
    if (is_set(*session.options, Flag::types))
        write(keys.types, [&](const ColumnWriter &column) { out.raw(column.tail); });
    write(keys.values, [&](ColumnWriter &column) { write_element(out, column, row); });
}

void write_rows(json::Writer &out, const Session &session, const Change &change) {
    RelationEntry &entry = *change.relation;
    // If the WAL has no old row, the columns of the identity are unchanged and can be taken from the new row.
    const Row &known = entry.old_row.present ? entry.old_row : entry.new_row;
    if (entry.new_row.present)
        write_columns(out, session, column_keys, entry.columns, entry.new_row, is_known);
    if (change.operation == Operation::create || !known.present)
        return;
    out.raw(",\"oldkeys\":{");
    write_columns(out, session, identity_keys, entry.identity, known, has_value);
    out.raw('}');
}

void write_change(json::Writer &out, const Session &session, const Txn &txn, const Change &change) {
    out.raw(start_of(change.operation));
    out.raw(change.relation->names);
    write_rows(out, session, change);
    out.raw(",\"context\":");
    out.raw(change.context);
    out.raw(end);
}

void write_message(json::Writer &out, const Session &, const Txn &txn, const Message &message) {
    out.raw("{\"change\":[{\"kind\":\"message\",\"transactional\":");
    out.raw(txn.id == no_transaction ? "false" : "true");
    out.raw(",\"prefix\":");
    out.string(message.prefix);
    out.raw(",\"content\":");
    write_text_or_bytes(out, message.content);
    out.raw(end);
}

} // namespace

constinit const Format version_1_format{.options = version_1_options,
                                        .table_filter = "filter-tables",
                                        .message_filter = "filter-msg-prefixes",
                                        .names = names_of,
                                        .column = make_version_1_column,
                                        .primary_key = primary_key_columns,
                                        .dependencies = dependencies_of,
                                        .needs_identity = true,
                                        .has_materialized_views = true,
                                        .has_empty_transactions = false,
                                        .begin = nullptr, // it has no option for these lines
                                        .change = write_change,
                                        .message = write_message,
                                        .commit = nullptr};

} // namespace bemi::decode::wal2json
