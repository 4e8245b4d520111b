// format=bemi: each change is a JSON object that is complete in itself.
#include "base/text.hpp"
#include "decode/formats.hpp"
#include "decode/formats/bemi_options.hpp"
#include "decode/primary_key.hpp"

#include <optional>

namespace bemi::decode {

namespace {

using json::put, json::put_integer;

// Bytes that suffice for the fixed parts of a line, without names and context.
constexpr size_t fixed_room = 256 + iso_time_room;

/// The id depends on the position of the commit: it is null until that is known.
char *put_id(char *p, const Txn &txn, uint64 number) {
    if (!txn.is_committed())
        return put(p, "{\"id\":null");
    p = put(p, "{\"id\":\"");
    p = txn.ids.write(p, number);
    return put(p, "\"");
}

char *put_commit_position(char *p, const Txn &txn) {
    p = put(p, ",\"commit_position\":");
    return txn.is_committed() ? put_integer(p, txn.commit_position) : put(p, "null");
}

void write_start(json::Writer &out, const Session &session, const Txn &txn, uint64 number,
                 std::string_view operation, std::string_view names) {
    char *p = out.reserve(fixed_room + session.database_name.size() + names.size());
    p = put_id(p, txn, number);
    p = put(p, ",\"operation\":\"");
    p = put(p, operation);
    p = put(p, "\",\"database\":");
    p = put(p, session.database_name);
    p = put(p, names);
    out.commit(p);
}

/// Writes the time of the commit and the transaction id, both null outside a transaction.
char *put_commit(char *p, const Txn &txn) {
    if (txn.id == no_transaction)
        return put(p, ",\"committed_at\":null,\"transaction_id\":null");
    if (txn.is_committed()) {
        p = put(p, ",\"committed_at\":\"");
        p = put(p, txn.committed_at());
        p = put(p, "\",\"transaction_id\":");
    } else {
        p = put(p, ",\"committed_at\":null,\"transaction_id\":");
    }
    return put_integer(p, txn.id);
}

void write_end(json::Writer &out, const Txn &txn, std::string_view context, XLogRecPtr position,
               std::optional<uint64> sequence) {
    char *p = out.reserve(fixed_room + context.size());
    p = put(p, ",\"context\":");
    p = put(p, context);
    p = put_commit(p, txn);
    p = put(p, ",\"position\":");
    p = put_integer(p, position);
    p = put_commit_position(p, txn);
    p = put(p, ",\"sequence\":");
    p = sequence ? put_integer(p, *sequence) : put(p, "null");
    p = put(p, "}");
    out.commit(p);
}

/// Writes the value as text.
void write_single_key(json::Writer &out, RelationEntry &entry, ColumnWriter &column, Datum value) {
    using Kind = ValueWriter::Kind;
    switch (column.value.kind) {
    case Kind::int2:
    case Kind::int4:
    case Kind::int8: // the JSON value without quotes is the text
        out.raw('"');
        write_value(out, column.value, value);
        return out.raw('"');
    case Kind::text:
    case Kind::uuid: // the JSON value is the text as a string
        return write_value(out, column.value, value);
    default:
        return out.string(OutputFunctionCall(&entry.key_output, value));
    }
}

/// Writes the values as a JSON array, and the array as text.
void write_compound_key(json::Writer &out, std::span<ColumnWriter> key, const Row &row) {
    StringInfoData text;
    initStringInfo(&text);
    json::Writer array{&text};
    write_key_array(array, key, row);
    out.string(view_of(text));
}

void write_primary_key(json::Writer &out, RelationEntry &entry) {
    const Row *row = row_with_key(entry);
    const std::span<ColumnWriter> key = entry.primary_key;
    if (row == nullptr)
        out.raw("null");
    else if (key.size() == 1)
        write_single_key(out, entry, key.front(), row->values[key.front().index]);
    else
        write_compound_key(out, key, *row);
}

/// Whether a row is written without the value of the column.
bool is_unavailable_column(const RelationEntry &entry, const ColumnWriter &column) {
    return (entry.new_row.present && lacks_value(entry.new_row, column)) ||
           (entry.old_row.present && is_unreadable(entry.old_row, column));
}

/// Writes the names of the columns whose values are missing from the new row in the WAL, or cannot be
/// written.
void write_unavailable(json::Writer &out, const RelationEntry &entry) {
    bool any = false;
    for (const ColumnWriter &column : entry.columns) {
        if (!is_unavailable_column(entry, column))
            continue;
        out.raw(any ? std::string_view{","} : std::string_view{",\"unavailable\":["});
        out.raw(column.name());
        any = true;
    }
    if (any)
        out.raw(']');
}

void write_line(json::Writer &out, const Session &session, const Txn &txn, const Change &change) {
    RelationEntry &entry = *change.relation;
    if (change.operation == Operation::update)
        complete_new_row(entry);
    write_start(out, session, txn, change.sequence, name_of(change.operation), entry.names);
    out.raw(",\"primary_key\":");
    write_primary_key(out, entry);
    out.raw(",\"before\":");
    write_before(out, entry);
    out.raw(",\"after\":");
    write_after(out, entry);
    write_unavailable(out, entry);
    write_end(out, txn, change.context, change.position, change.sequence);
}

void write_change(json::Writer &out, const Session &session, const Txn &txn, const Change &change) {
    if (!change.relation->uses_settings)
        return write_line(out, session, txn, change);
    with_settings(session.text_settings, [&] { write_line(out, session, txn, change); });
}

void write_message(json::Writer &out, const Session &session, const Txn &txn, const Message &message) {
    const std::string_view no_names = "";
    write_start(out, session, txn, ChangeId::number_of_message(message.position), "MESSAGE", no_names);
    out.raw(",\"prefix\":");
    out.string(message.prefix);
    out.raw(",\"content\":");
    write_text_or_bytes(out, message.content);
    out.raw(",\"transactional\":");
    out.raw(txn.id == no_transaction ? std::string_view{"false"} : std::string_view{"true"});
    write_end(out, txn, txn.context, message.position, {});
}

/// Writes a line about the transaction itself, without the closing brace.
void write_transaction_start(json::Writer &out, const Session &session, const Txn &txn,
                             std::string_view operation) {
    char *p = out.reserve(fixed_room + session.database_name.size());
    p = put(p, "{\"operation\":\"");
    p = put(p, operation);
    p = put(p, "\",\"database\":");
    p = put(p, session.database_name);
    p = put_commit(p, txn);
    p = put_commit_position(p, txn);
    out.commit(p);
}

void write_begin(json::Writer &out, const Session &session, const Txn &txn) {
    write_transaction_start(out, session, txn, "BEGIN");
    out.raw('}');
}

void write_commit_line(json::Writer &out, const Session &session, const Txn &txn) {
    write_transaction_start(out, session, txn, "COMMIT");
    out.raw('}');
}

std::string_view name_of(Progress progress) {
    switch (progress) {
    case Progress::begin_prepare:
        return "BEGIN PREPARE";
    case Progress::prepare:
        return "PREPARE";
    case Progress::commit_prepared:
        return "COMMIT PREPARED";
    case Progress::rollback_prepared:
        return "ROLLBACK PREPARED";
    case Progress::stream_commit:
        return "STREAM COMMIT";
    case Progress::stream_abort:
        return "STREAM ABORT";
    }
    pg_unreachable();
}

void write_progress(json::Writer &out, const Session &session, const Txn &txn, Progress progress) {
    write_transaction_start(out, session, txn, name_of(progress));
    if (progress == Progress::stream_abort) {
        out.raw(",\"position\":");
        out.integer(txn.last_message);
        out.raw(",\"sequence\":");
        out.integer(txn.next_sequence);
    } else if (txn.gid != nullptr) {
        out.raw(",\"gid\":");
        out.string(txn.gid);
    }
    out.raw('}');
}

std::string_view names_of(const RelationEntry &entry, const Options &) {
    return json::text_of([&](json::Writer &out) {
        write_schema_name(out, entry);
        write_table_name(out, entry);
    });
}

} // namespace

constinit const Format bemi_format{.options = bemi_options,
                                   .table_filter = "exclude-tables",
                                   .message_filter = "messages",
                                   .names = names_of,
                                   .column = [](Relation, Form_pg_attribute attribute,
                                                const Options &) { return make_column_writer(attribute); },
                                   .primary_key = primary_key_columns,
                                   .begin = write_begin,
                                   .change = write_change,
                                   .message = write_message,
                                   .commit = write_commit_line,
                                   .progress = write_progress};

} // namespace bemi::decode
