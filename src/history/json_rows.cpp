#include "history/json_rows.hpp"

#include "base/text_settings.hpp"
#include "history/json_call.hpp"

namespace bemi::history {

void JsonRows::open(Relation relation) {
    columns_ = lookup_rowtype_tupdesc_copy(relation->rd_rel->reltype, -1);
    set_function(to_jsonb_, F_TO_JSONB, relation->rd_rel->reltype);
}

Datum JsonRows::jsonb_of(const Datum *values, const bool *nulls) {
    HeapTuple tuple = heap_form_tuple(columns_, const_cast<Datum *>(values), const_cast<bool *>(nulls));
    const Datum row = HeapTupleGetDatum(tuple);
    Datum json;
    with_settings(fixed_settings(), [&] { json = FunctionCall1(&to_jsonb_, row); });
    return json;
}

} // namespace bemi::history
