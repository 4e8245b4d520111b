#include "history/present_rows.hpp"

#include "base/names.hpp"
#include "base/text_settings.hpp"

namespace bemi::history {
namespace {

template <typename Element> Element *array_of(size_t count) {
    return static_cast<Element *>(palloc0(sizeof(Element) * count));
}

/// The operator of the index by which its column finds equal values, with its schema.
const char *equality(Relation index, int column) {
    const Oid type = index->rd_opcintype[column],
              oid = get_opfamily_member(index->rd_opfamily[column], type, type, BTEqualStrategyNumber);
    HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(oid));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for operator %u", oid);
    const auto *form = reinterpret_cast<Form_pg_operator>(GETSTRUCT(tuple));
    const char *text = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
                                NameStr(form->oprname));
    ReleaseSysCache(tuple);
    return text;
}

} // namespace

void PresentRows::open(Relation relation, const RelationPast &past) {
    TupleDesc columns = RelationGetDescr(relation);
    const auto natts = static_cast<size_t>(columns->natts);
    relation_ = relation;
    past_ = &past;
    attributes_ = array_of<int>(natts);
    values_ = array_of<Datum>(natts);
    nulls_ = array_of<bool>(natts);
    count_ = 0;
    of_key_ = {};
    for (int i = 0; i < columns->natts; i++) {
        nulls_[i] = true;
        if (!TupleDescAttr(columns, i)->attisdropped)
            attributes_[count_++] = i;
    }
    has_dropped_ = count_ < natts;
    types_ = array_of<Oid>(past.key.size());
    readers_ = array_of<ValueReader>(past.key.size());
    for (size_t i = 0; i < past.key.size(); i++) {
        Form_pg_attribute column = TupleDescAttr(columns, past.key[i] - 1);
        types_[i] = column->atttypid;
        readers_[i] = make_value_reader(column);
    }
}

const char *PresentRows::all_rows() const {
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfoString(&sql, "SELECT");
    for (size_t i = 0; i < count_; i++)
        appendStringInfo(
            &sql, "%s t.%s", i > 0 ? "," : "",
            quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(relation_), attributes_[i])->attname)));
    const bool is_partitioned = relation_->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
    appendStringInfo(&sql, " FROM %s%s t", is_partitioned ? "" : "ONLY ",
                     names::qualified(RelationGetRelid(relation_)));
    return sql.data;
}

const char *PresentRows::rows_of_key() const {
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfoString(&sql, all_rows());
    Relation index = index_open(past_->key_index, AccessShareLock);
    for (size_t i = 0; i < past_->key.size(); i++)
        appendStringInfo(
            &sql, " %s t.%s %s $%zu", i > 0 ? "AND" : "WHERE",
            quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(relation_), past_->key[i] - 1)->attname)),
            equality(index, static_cast<int>(i)), i + 1);
    index_close(index, AccessShareLock);
    return sql.data;
}

/// The values of the key's columns; NULL if there cannot be such a key.
Datum *PresentRows::key_of(std::string_view text) {
    const size_t count = past_->key.size();
    auto *values = array_of<Datum>(count);
    char *copy = pnstrdup(text.data(), text.size());
    bool is_complete = true;
    with_settings(fixed_settings(), [&] {
        if (count == 1) {
            values[0] =
                InputFunctionCall(&readers_[0].input, copy, readers_[0].io_parameter, readers_[0].typmod);
            return;
        }
        Jsonb *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(copy)));
        is_complete = JB_ROOT_IS_ARRAY(json) && JB_ROOT_COUNT(json) == count;
        for (size_t i = 0; is_complete && i < count; i++) {
            bool is_null;
            values[i] = read_value(
                readers_[i], getIthJsonbValueFromContainer(&json->root, static_cast<uint32>(i)), &is_null);
            is_complete = !is_null;
        }
    });
    return is_complete ? values : nullptr;
}

} // namespace bemi::history
