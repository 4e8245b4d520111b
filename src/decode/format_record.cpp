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

void write_record(JsonWriter &out, const Txn &txn, const Change &change) {
    RelationPlan &plan = *change.relation;
    const Row *key_row = row_with_key(plan);
    RecordHeader header = header_of(txn, change);
    const auto bytes = [&header] {
        return std::string_view{reinterpret_cast<const char *>(&header), sizeof(header)};
    };

    const size_t start = out.size();
    out.raw(bytes());
    header.schema = write_text(out, [&] { out.raw(std::string_view{plan.schema}); });
    header.table = write_text(out, [&] { out.raw(std::string_view{plan.table}); });
    header.has_primary_key = key_row != nullptr;
    header.primary_key = write_text(out, [&] {
        if (key_row != nullptr)
            write_key(out, plan, *key_row);
    });
    header.before = write_text(out, [&] { write_before(out, plan); });
    header.after = write_text(out, [&] { write_after(out, plan); });
    header.context = write_text(out, [&] { out.raw(txn.context); });
    out.patch(start, bytes());
}

void write_change(JsonWriter &out, const Session &session, const Txn &txn, const Change &change) {
    if (change.operation == Operation::update)
        complete_new_row(*change.relation);
    if (!change.relation->uses_settings)
        return write_record(out, txn, change);
    with_settings(session.text_settings, [&] { write_record(out, txn, change); });
}

std::string_view cut_text(const char *&bytes, uint32 size) {
    const std::string_view text{bytes, size};
    bytes += size + 1;
    return text;
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

void leave_out(LogicalDecodingContext *ctx, std::span<const ChangeKey> given_up) {
    decoder_of(ctx).given_up = given_up;
}

std::optional<Record> unfinished_record(LogicalDecodingContext *ctx) {
    const Decoder &decoder = decoder_of(ctx);
    if (decoder.unfinished_txn == nullptr)
        return {};
    const RelationPlan &plan = *decoder.unfinished.relation;
    Record record{};
    static_cast<RecordHeader &>(record) = header_of(*decoder.unfinished_txn, decoder.unfinished);
    record.schema_name = plan.schema;
    record.table_name = plan.table;
    return record;
}

Record read_record(const char *bytes) {
    Record record;
    memcpy(static_cast<RecordHeader *>(&record), bytes, sizeof(RecordHeader));
    bytes += sizeof(RecordHeader);
    record.schema_name = cut_text(bytes, record.schema);
    record.table_name = cut_text(bytes, record.table);
    record.primary_key_text = cut_text(bytes, record.primary_key);
    record.before_json = cut_text(bytes, record.before);
    record.after_json = cut_text(bytes, record.after);
    record.context_json = cut_text(bytes, record.context);
    return record;
}

} // namespace bemi::decode
