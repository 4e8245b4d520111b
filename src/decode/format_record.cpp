// Records: what becomes the columns of a row of bemi.changes.
#include "callbacks.hpp"
#include "formats/formats.hpp"
#include "primary_key.hpp"
#include "record.hpp"

namespace bemi::decode {

namespace {

/// Writes one of the texts; returns its size.
template <typename Write> uint32 write_text(JsonWriter &out, Write &&write) {
    const size_t start = out.size();
    write();
    const auto size = static_cast<uint32>(out.size() - start);
    out.raw('\0');
    return size;
}

/// The key as text, as it is in JSON without the quotes.
void write_key(JsonWriter &out, RelationPlan &plan, const Row &row) {
    const std::span<ColumnPlan> key = plan.primary_key;
    if (key.size() > 1)
        return write_key_array(out, key, row);
    const Datum value = row.values[key.front().index];
    if (key.front().value.is_integer())
        return write_value(out, key.front().value, value);
    out.raw(std::string_view{OutputFunctionCall(&plan.key_output, value)});
}

RecordHeader header_of(const Txn &txn, const Change &change) {
    RecordHeader header{};
    txn.ids.write_bytes(header.id, change.sequence);
    header.operation = change.operation;
    header.committed_at = txn.commit_time;
    header.transaction_id = txn.id;
    header.position = change.position;
    header.commit_position = txn.commit_position;
    header.end_position = txn.end_position;
    header.sequence = change.sequence;
    return header;
}

/// Writes `header` and what `write_texts` writes, which tells the header how large the texts are.
template <typename Write> void write_parts(JsonWriter &out, RecordHeader &header, Write &&write_texts) {
    const std::string_view bytes{reinterpret_cast<const char *>(&header), sizeof(header)};
    const size_t start = out.size();
    out.raw(bytes);
    write_texts();
    out.patch(start, bytes);
}

void write_names(JsonWriter &out, RecordHeader &header, const RelationPlan &plan) {
    header.schema = write_text(out, [&] { out.raw(std::string_view{plan.schema}); });
    header.table = write_text(out, [&] { out.raw(std::string_view{plan.table}); });
}

/// Says which values of a row are left out, each after a comma.
void write_left_out(JsonWriter &out, const RelationPlan &plan, const Row &row, std::string_view name) {
    for (const ColumnPlan &column : plan.columns) {
        if (!row.present || !is_unreadable(row, column))
            continue;
        out.raw(", ");
        out.raw(name);
        out.raw('.');
        out.raw(column.name());
        out.raw(" left out");
    }
}

void write_fault(JsonWriter &out, RecordHeader &header, const Change &change) {
    const RelationPlan &plan = *change.relation;
    const ErrorData *fault = change.fault;
    header.sqlstate = fault == nullptr ? 0 : fault->sqlerrcode;
    header.fault = write_text(out, [&] {
        if (fault != nullptr && fault->message != nullptr)
            out.raw(std::string_view{fault->message});
    });
    header.left_out = write_text(out, [&] {
        if (fault == nullptr || header.is_missing)
            return;
        write_left_out(out, plan, plan.old_row, "before");
        write_left_out(out, plan, plan.new_row, "after");
    });
}

void write_record(JsonWriter &out, const Txn &txn, const Change &change) {
    RelationPlan &plan = *change.relation;
    const Row *key_row = row_with_key(plan);
    RecordHeader header = header_of(txn, change);
    header.has_primary_key = key_row != nullptr;
    write_parts(out, header, [&] {
        write_names(out, header, plan);
        header.primary_key = write_text(out, [&] {
            if (key_row != nullptr)
                write_key(out, plan, *key_row);
        });
        header.before = write_text(out, [&] { write_before(out, plan); });
        header.after = write_text(out, [&] { write_after(out, plan); });
        write_fault(out, header, change);
        header.context = write_text(out, [&] { out.raw(change.context); });
    });
}

void write_change(JsonWriter &out, const Session &session, const Txn &txn, const Change &change) {
    if (change.operation == Operation::update)
        complete_new_row(*change.relation);
    if (!change.relation->uses_settings)
        return write_record(out, txn, change);
    with_settings(session.text_settings, [&] { write_record(out, txn, change); });
}

/// A record of what the change was and why there is no more of it.
void write_missing(JsonWriter &out, const Txn &txn, const Change &change) {
    RecordHeader header = header_of(txn, change);
    header.is_missing = true;
    const auto write_none = [&] { return write_text(out, [] {}); };
    write_parts(out, header, [&] {
        write_names(out, header, *change.relation);
        header.primary_key = write_none();
        header.before = write_none();
        header.after = write_none();
        write_fault(out, header, change);
        header.context = write_text(out, [&] { out.raw(change.context); });
    });
}

std::string_view cut_text(const char *&bytes, uint32 size) {
    const std::string_view text{bytes, size};
    bytes += size + 1;
    return text;
}

RecordHeader read_header(const char *bytes) {
    RecordHeader header;
    memcpy(&header, bytes, sizeof(header));
    return header;
}

} // namespace

constinit const FormatOptions record_options{.name = "record", .is_internal = true, .definitions = {}};

constinit const Format record_format{
    .options = record_options,
    .table_filter = nullptr,
    .message_filter = nullptr,
    .names = nullptr,
    .column = [](Relation, Form_pg_attribute attribute, const Options &) { return plan_column(attribute); },
    .primary_key = plan_primary_key,
    .begin = nullptr,
    .change = write_change,
    .missing = write_missing,
    .message = nullptr,
    .commit = nullptr};

List *record_session_options() {
    const auto option = [](const char *name, const char *value) {
        DefElem *element =
            makeDefElem(pstrdup(name), reinterpret_cast<Node *>(makeString(pstrdup(value))), -1);
        element->defnamespace = pstrdup("bemi"); // see arguments_of() in startup.cpp
        return element;
    };
    return list_make2(option("format", record_options.name.data()), option("tracked-only", "on"));
}

size_t size_without_context(std::string_view record) {
    return record.size() - read_header(record.data()).context - 1;
}

Record read_record(const char *bytes, const char *context) {
    Record record;
    static_cast<RecordHeader &>(record) = read_header(bytes);
    bytes += sizeof(RecordHeader);
    record.schema_name = cut_text(bytes, record.schema);
    record.table_name = cut_text(bytes, record.table);
    record.primary_key_text = cut_text(bytes, record.primary_key);
    record.before_json = cut_text(bytes, record.before);
    record.after_json = cut_text(bytes, record.after);
    record.fault_message = cut_text(bytes, record.fault);
    record.left_out_values = cut_text(bytes, record.left_out);
    record.context_json = cut_text(context, record.RecordHeader::context);
    return record;
}

} // namespace bemi::decode
