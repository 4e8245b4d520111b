#include "decode/callbacks.hpp"
#include "decode/context.hpp"
#include "decode/row.hpp"
#include "wire.hpp"

namespace bemi::decode {

namespace {

/// Whether the format has no line for the change, because that does not say which row it is about. There is
/// a warning, but not for each.
bool lacks_identity(const Format &format, RelationEntry &entry, Operation operation) {
    if (!format.needs_identity || entry.has_identity || operation == Operation::create ||
        operation == Operation::truncate)
        return false;
    if (!entry.warned)
        ereport(WARNING,
                (errmsg("leaving out updates and deletes of table \"%s.%s\"", entry.schema, entry.table),
                 errdetail("The table had no replica identity when they happened."),
                 errhint("Set one with ALTER TABLE ... REPLICA IDENTITY.")));
    entry.warned = true;
    return true;
}

/// The entry of the relation if the client wants the change, else NULL.
RelationEntry *wanted_entry(Decoder &decoder, Relation relation, Operation operation) {
    if (!decoder.options->operations.has(operation))
        return nullptr;
    RelationEntry &entry = relation_entry(*decoder.relations, relation);
    return entry.wanted && !lacks_identity(*decoder.format, entry, operation) ? &entry : nullptr;
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
        elog(ERROR, "unexpected change of kind %d", static_cast<int>(change->action));
    }
}

/// No trigger has put a context before a row or truncation of a relation that has none enabled for it: what
/// is in force is the context of another relation's rows.
Change change_of(const Txn &txn, RelationEntry *entry, Operation operation, XLogRecPtr position,
                 uint64 sequence) {
    const Tracking &tracking = entry->tracking;
    const bool is_its_own =
        operation == Operation::truncate ? tracking.has_context_of_truncate : tracking.has_context_of_rows;
    return {operation,
            entry,
            position,
            sequence,
            is_its_own ? txn.context : no_context,
            is_its_own ? txn.context_version : no_context_version};
}

void take_other_message(Decoder &decoder, Txn &txn, const Message &message) {
    if (decoder.options->wants_message(message.prefix))
        write_message(decoder, txn, message);
    else
        leave_out(decoder);
}

} // namespace

void take_change(Decoder &decoder, Txn &txn, Relation relation, ReorderBufferChange *change) {
    const uint64 sequence = txn.next_sequence++;
    const Operation operation = operation_of(change);
    RelationEntry *entry = wanted_entry(decoder, relation, operation);
    if (entry == nullptr)
        return leave_out(decoder);

    deform(entry->old_row, relation, compat::old_tuple(change));
    deform(entry->new_row, relation, compat::new_tuple(change));
    write_change(decoder, txn, change_of(txn, entry, operation, change->lsn, sequence));
}

void take_truncate(Decoder &decoder, Txn &txn, std::span<Relation> relations, XLogRecPtr position) {
    for (Relation relation : relations) {
        const uint64 sequence = txn.next_sequence++;
        RelationEntry *entry = wanted_entry(decoder, relation, Operation::truncate);
        if (entry == nullptr) {
            leave_out(decoder);
            continue;
        }
        entry->old_row.present = entry->new_row.present = false;
        write_change(decoder, txn, change_of(txn, entry, Operation::truncate, position, sequence));
    }
}

void take_message(Decoder &decoder, Txn &txn, const Message &message) {
    if (message.prefix != claim_prefix && message.prefix != facts_prefix)
        return take_other_message(decoder, txn, message);
    MemoryContext caller = MemoryContextSwitchTo(decoder.memory);
    if (message.prefix == facts_prefix)
        set_facts(txn, message.content);
    else
        set_claim(txn, message.content);
    MemoryContextSwitchTo(caller);
}

} // namespace bemi::decode
