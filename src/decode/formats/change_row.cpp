#include "decode/formats/change_row.hpp"

#include "decode/callbacks.hpp"
#include "decode/formats.hpp"
#include "decode/formats/table_state.hpp"
#include "decode/primary_key.hpp"

namespace bemi::decode {

namespace {

/// Writes one of the texts with its zero byte; returns its size without that.
template <typename Write> uint32 write_text(json::Writer &out, Write &&write) {
    const size_t start = out.size();
    write();
    const auto size = static_cast<uint32>(out.size() - start);
    out.raw('\0');
    return size;
}

/// Writes the primary key as the text that is stored, which has no quotes around it.
void write_key(json::Writer &out, RelationEntry &entry, const Row &row) {
    const std::span<ColumnWriter> key = entry.primary_key;
    if (key.size() > 1)
        return write_key_array(out, key, row);
    const Datum value = row.values[key.front().index];
    if (key.front().value.is_integer())
        return write_value(out, key.front().value, value);
    out.raw(std::string_view{OutputFunctionCall(&entry.key_output, value)});
}

RecordHeader record_header(RecordHeader::Kind kind, const Txn &txn, uint64 sequence) {
    return {.kind = kind,
            .committed_at = txn.commit_time,
            .transaction_id = txn.id,
            .commit_position = txn.commit_position,
            .end_position = txn.end_position,
            .sequence = sequence};
}

ChangeRowHeader header_of(const Txn &txn, const Change &change) {
    ChangeRowHeader header{};
    static_cast<RecordHeader &>(header) = record_header(RecordHeader::Kind::change, txn, change.sequence);
    txn.ids.write_bytes(header.id, change.sequence);
    header.operation = change.operation;
    header.position = change.position;
    return header;
}

/// Writes the header and then the texts. `write_texts` sets their sizes in `header`, which is therefore
/// written once more into its place.
template <typename Header, typename Write>
void write_parts(json::Writer &out, Header &header, Write &&write_texts) {
    const std::string_view bytes{reinterpret_cast<const char *>(&header), sizeof(header)};
    const size_t start = out.size();
    out.raw(bytes);
    write_texts();
    out.patch(start, bytes);
}

void write_names(json::Writer &out, ChangeRowHeader &header, const RelationEntry &entry) {
    header.schema = write_text(out, [&] { out.raw(std::string_view{entry.schema}); });
    header.table = write_text(out, [&] { out.raw(std::string_view{entry.table}); });
}

/// Writes which values of a row are left out, each after a comma.
void write_left_out(json::Writer &out, const RelationEntry &entry, const Row &row, std::string_view name) {
    for (const ColumnWriter &column : entry.columns) {
        if (!row.present || !is_unreadable(row, column))
            continue;
        out.raw(", ");
        out.raw(name);
        out.raw('.');
        out.raw(column.name());
        out.raw(" left out");
    }
}

void write_fault(json::Writer &out, ChangeRowHeader &header, const Change &change) {
    const RelationEntry &entry = *change.relation;
    const ErrorData *fault = change.fault;
    header.sqlstate = fault == nullptr ? 0 : fault->sqlerrcode;
    header.fault = write_text(out, [&] {
        if (fault != nullptr && fault->message != nullptr)
            out.raw(std::string_view{fault->message});
    });
    header.left_out = write_text(out, [&] {
        if (fault == nullptr || header.is_missing)
            return;
        write_left_out(out, entry, entry.old_row, "before");
        write_left_out(out, entry, entry.new_row, "after");
    });
}

/// Writes the primary key of the old row if its text is another than that of the new row.
void write_old_key(json::Writer &out, ChangeRowHeader &header, RelationEntry &entry) {
    if (!may_have_moved_key(entry))
        return;
    const size_t start = out.size(), start_of_new = start - 1 - header.primary_key;
    write_key(out, entry, entry.old_row);
    header.has_old_key = out.text(start_of_new, header.primary_key) != out.text(start, out.size() - start);
    if (!header.has_old_key)
        out.truncate(start);
}

void write_row(json::Writer &out, const Txn &txn, const Change &change) {
    RelationEntry &entry = *change.relation;
    const Row *key_row = row_with_key(entry);
    ChangeRowHeader header = header_of(txn, change);
    header.has_primary_key = key_row != nullptr;
    write_parts(out, header, [&] {
        write_names(out, header, entry);
        header.primary_key = write_text(out, [&] {
            if (key_row != nullptr)
                write_key(out, entry, *key_row);
        });
        header.old_key = write_text(out, [&] { write_old_key(out, header, entry); });
        header.before = write_text(out, [&] { write_before(out, entry); });
        header.after = write_text(out, [&] { write_after(out, entry); });
        write_fault(out, header, change);
        header.context = write_text(out, [&] { out.raw(change.context); });
    });
}

void write_change(json::Writer &out, const Session &session, const Txn &txn, const Change &change) {
    if (change.operation == Operation::update)
        complete_new_row(*change.relation);
    if (!change.relation->uses_settings)
        return write_row(out, txn, change);
    with_settings(session.text_settings, [&] { write_row(out, txn, change); });
}

/// Writes a change row without its rows, but with the reason why they are missing.
void write_missing(json::Writer &out, const Txn &txn, const Change &change) {
    ChangeRowHeader header = header_of(txn, change);
    header.is_missing = true;
    const auto write_none = [&] { return write_text(out, [] {}); };
    write_parts(out, header, [&] {
        write_names(out, header, *change.relation);
        header.primary_key = write_none();
        header.old_key = write_none();
        header.before = write_none();
        header.after = write_none();
        write_fault(out, header, change);
        header.context = write_text(out, [&] { out.raw(change.context); });
    });
}

void write_table(json::Writer &out, const Txn &txn, const TableNews &news) {
    TableRecordHeader header{};
    static_cast<RecordHeader &>(header) = record_header(RecordHeader::Kind::table, txn, news.sequence);
    header.relation = news.relation;
    header.event = news.event;
    write_parts(out, header, [&] { header.state = write_text(out, [&] { out.raw(news.state); }); });
}

/// Its position takes the place of a number among the transaction's changes: it is larger than their numbers,
/// so the erasure comes after them.
void write_erasure(json::Writer &out, const Session &, const Txn &txn, const Message &message) {
    ErasureRecordHeader header{};
    static_cast<RecordHeader &>(header) = record_header(RecordHeader::Kind::erasure, txn, message.position);
    txn.ids.write_bytes(header.id, ChangeId::number_of_message(message.position));
    header.position = message.position;
    write_parts(out, header, [&] { header.request = write_text(out, [&] { out.raw(message.content); }); });
}

std::string_view read_text(const char *&bytes, uint32 size) {
    const std::string_view text{bytes, size};
    bytes += size + 1;
    return text;
}

template <typename Header> Header read(const char *bytes) {
    Header header;
    memcpy(static_cast<void *>(&header), bytes, sizeof(header));
    return header;
}

} // namespace

constinit const FormatOptions change_row_options{
    .name = "change-row", .is_internal = true, .definitions = {}};

constinit const Format change_row_format{
    .options = change_row_options,
    .table_filter = nullptr,
    .message_filter = nullptr,
    .names = nullptr,
    .column = [](Relation, Form_pg_attribute attribute,
                 const Options &) { return make_column_writer(attribute); },
    .primary_key = primary_key_columns,
    .begin = nullptr,
    .change = write_change,
    .missing = write_missing,
    .table_state = table_state,
    .table = write_table,
    .message = write_erasure,
    .commit = nullptr};

List *change_row_session_options() {
    const auto option = [](const char *name, const char *value) {
        DefElem *element =
            makeDefElem(pstrdup(name), reinterpret_cast<Node *>(makeString(pstrdup(value))), -1);
        element->defnamespace = pstrdup("bemi"); // see arguments_of() in startup.cpp
        return element;
    };
    return list_make2(option("format", change_row_options.name.data()), option("tracked-only", "on"));
}

size_t size_without_context(std::string_view row) {
    return row.size() - read<ChangeRowHeader>(row.data()).context - 1;
}

RecordHeader read_header(const char *bytes) {
    return read<RecordHeader>(bytes);
}

TableRecord read_table_record(const char *bytes) {
    TableRecord record;
    static_cast<TableRecordHeader &>(record) = read<TableRecordHeader>(bytes);
    record.state_json = {bytes + sizeof(TableRecordHeader), record.state};
    return record;
}

ErasureRecord read_erasure_record(const char *bytes) {
    ErasureRecord record;
    static_cast<ErasureRecordHeader &>(record) = read<ErasureRecordHeader>(bytes);
    record.request_json = {bytes + sizeof(ErasureRecordHeader), record.request};
    return record;
}

ChangeRow read_change_row(const char *bytes, const char *context) {
    ChangeRow row;
    static_cast<ChangeRowHeader &>(row) = read<ChangeRowHeader>(bytes);
    bytes += sizeof(ChangeRowHeader);
    row.schema_name = read_text(bytes, row.schema);
    row.table_name = read_text(bytes, row.table);
    row.primary_key_text = read_text(bytes, row.primary_key);
    row.old_key_text = read_text(bytes, row.old_key);
    row.before_json = read_text(bytes, row.before);
    row.after_json = read_text(bytes, row.after);
    row.fault_message = read_text(bytes, row.fault);
    row.left_out_values = read_text(bytes, row.left_out);
    row.context_json = read_text(context, row.ChangeRowHeader::context);
    return row;
}

} // namespace bemi::decode
