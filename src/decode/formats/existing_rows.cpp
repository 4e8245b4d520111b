#include "decode/formats/existing_rows.hpp"

#include "decode/formats.hpp"
#include "decode/formats/change_row.hpp"
#include "decode/guard.hpp"
#include "decode/startup.hpp"

namespace bemi::decode {
namespace {

/// The values of the row. What is in TOAST is read from there.
void take_values(Row &row, TupleTableSlot *slot) {
    slot_getallattrs(slot);
    row.present = true;
    row.unreadable = nullptr;
    for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++) {
        row.nulls[i] = slot->tts_isnull[i];
        row.values[i] = slot->tts_values[i];
        const bool is_varlena = TupleDescAttr(slot->tts_tupleDescriptor, i)->attlen == -1;
        if (is_varlena && !row.nulls[i] && VARATT_IS_EXTERNAL(DatumGetPointer(row.values[i])))
            row.values[i] = PointerGetDatum(detoast_external_attr(
                static_cast<varlena *>(static_cast<void *>(DatumGetPointer(row.values[i])))));
    }
}

} // namespace

void ExistingRows::open(Relation relation) {
    const Options &options = load_options(change_row_session_options());
    format_ = &format_of(*options.format);
    session_ = load_session(options);
    entry_ = make_relation_entry(relation, *format_, options);
}

std::string_view ExistingRows::write(TupleTableSlot *slot) {
    StringInfoData text;
    initStringInfo(&text);
    entry_->old_row.present = false;
    take_values(entry_->new_row, slot);
    redact(*entry_);
    const Change change{.operation = Operation::baseline,
                        .relation = entry_,
                        .position = InvalidXLogRecPtr,
                        .sequence = 0,
                        .context = no_context,
                        .context_version = no_context_version};
    json::Writer line{&text};
    write_guarded(line, *format_, session_, placeholder_txn(session_, InvalidXLogRecPtr), change);
    return {text.data, static_cast<size_t>(text.len)};
}

} // namespace bemi::decode
