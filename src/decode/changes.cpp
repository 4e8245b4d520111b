#include "decode/callbacks.hpp"
#include "decode/context.hpp"
#include "decode/row.hpp"
#include "wire.hpp"

namespace bemi::decode {

namespace {

/// Whether the format can say which row the change is about.
bool is_identifiable(const Format &format, const RelationEntry &entry, Operation operation) {
    return !format.needs_identity || entry.has_identity || operation == Operation::create ||
           operation == Operation::truncate;
}

/// Warns once for each relation entry, not for each change.
void warn_no_identity(RelationEntry &entry) {
    if (!entry.warned_no_identity)
        ereport(WARNING,
                (errmsg("leaving out updates and deletes of table \"%s.%s\"", entry.schema, entry.table),
                 errdetail("The table had no replica identity at the time of these changes."),
                 errhint("Set one with ALTER TABLE ... REPLICA IDENTITY.")));
    entry.warned_no_identity = true;
}

/// The relation's entry if the change is to be written, else NULL.
RelationEntry *entry_for_change(Decoder &decoder, Relation relation, Operation operation) {
    if (!decoder.options->operations.has(operation))
        return nullptr;
    RelationEntry &entry = relation_entry(*decoder.relations, relation);
    if (!entry.included)
        return nullptr;
    if (is_identifiable(*decoder.format, entry, operation))
        return &entry;
    warn_no_identity(entry);
    return nullptr;
}

Operation operation_of(const ReorderBufferChange *change) {
    switch (change->action) {
    case REORDER_BUFFER_CHANGE_INSERT:
        return Operation::create;
    case REORDER_BUFFER_CHANGE_UPDATE:
        return Operation::update;
    case REORDER_BUFFER_CHANGE_DELETE:
        return Operation::erase;
    default:
        elog(ERROR, "unexpected reorder buffer change action: %d", static_cast<int>(change->action));
    }
}

/// Without an enabled trigger of the relation, no context was emitted for the change: the context in force
/// belongs to rows of another relation, so the change carries none.
Change change_of(const Txn &txn, RelationEntry *entry, Operation operation, XLogRecPtr position,
                 uint64 sequence) {
    const Tracking &tracking = entry->tracking;
    const bool has_context =
        operation == Operation::truncate ? tracking.has_context_of_truncate : tracking.has_context_of_rows;
    return {operation,
            entry,
            position,
            sequence,
            has_context ? txn.context : no_context,
            has_context ? txn.context_version : no_context_version};
}

void process_other_message(Decoder &decoder, Txn &txn, const Message &message) {
    if (decoder.options->includes_message(message.prefix))
        write_message(decoder, txn, message);
    else
        note_filtered(decoder);
}

/// The description of the relation, in the current memory context; empty if it was dropped.
std::string_view state_of(Decoder &decoder, Oid oid) {
    Relation relation = RelationIdGetRelation(oid);
    if (!RelationIsValid(relation))
        return ""; // not NULL, because it is copied
    const RelationEntry &entry = relation_entry(*decoder.relations, relation);
    const std::string_view state = decoder.format->table_state(relation, entry);
    RelationClose(relation);
    return state;
}

void process_table_message(Decoder &decoder, Txn &txn, const Message &message) {
    const std::optional<table_message::Content> content = table_message::read(message.content);
    if (!content)
        return note_filtered(decoder);
    MemoryContext caller = MemoryContextSwitchTo(decoder.change_memory); // write_table() resets it
    const std::string_view state = state_of(decoder, content->table);
    write_table(decoder, txn, {content->table, content->event, txn.next_sequence, state});
    MemoryContextSwitchTo(caller);
}

} // namespace

void process_change(Decoder &decoder, Txn &txn, Relation relation, ReorderBufferChange *change) {
    const uint64 sequence = txn.next_sequence++;
    const Operation operation = operation_of(change);
    RelationEntry *entry = entry_for_change(decoder, relation, operation);
    if (entry == nullptr)
        return note_filtered(decoder);

    deform(entry->old_row, relation, compat::old_tuple(change));
    deform(entry->new_row, relation, compat::new_tuple(change));
    if (entry->rules.exist()) {
        if (is_no_change(*entry))
            return note_filtered(decoder);
        redact(*entry);
    }
    write_change(decoder, txn, change_of(txn, entry, operation, change->lsn, sequence));
}

void process_truncate(Decoder &decoder, Txn &txn, std::span<Relation> relations, XLogRecPtr position) {
    for (Relation relation : relations) {
        const uint64 sequence = txn.next_sequence++;
        RelationEntry *entry = entry_for_change(decoder, relation, Operation::truncate);
        if (entry == nullptr) {
            note_filtered(decoder);
            continue;
        }
        entry->old_row.present = entry->new_row.present = false;
        write_change(decoder, txn, change_of(txn, entry, Operation::truncate, position, sequence));
    }
}

void process_message(Decoder &decoder, Txn &txn, const Message &message) {
    if (message.prefix == table_message::prefix)
        return process_table_message(decoder, txn, message);
    if (message.prefix == erasure_prefix)
        return write_message(decoder, txn, message);
    if (message.prefix != claim_prefix && message.prefix != facts_prefix)
        return process_other_message(decoder, txn, message);
    MemoryContext caller = MemoryContextSwitchTo(decoder.memory);
    if (message.prefix == facts_prefix)
        set_facts(txn, message.content);
    else
        set_claim(txn, message.content);
    MemoryContextSwitchTo(caller);
}

} // namespace bemi::decode
