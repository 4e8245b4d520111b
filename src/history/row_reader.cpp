#include "history/row_reader.hpp"

#include "base/hex.hpp"
#include "base/text_settings.hpp"

namespace bemi::history {
namespace {

/// What an error of an input function is about.
struct Subject {
    Relation relation;
    const pg_uuid_t *change;
    int column;
};

void describe(void *argument) {
    const auto &subject = *static_cast<Subject *>(argument);
    char change[uuid_text_size + 1];
    *put_uuid(change, subject.change->data) = '\0';
    errcontext("change %s, column \"%s\" of table \"%s\"", change,
               NameStr(TupleDescAttr(RelationGetDescr(subject.relation), subject.column)->attname),
               RelationGetRelationName(subject.relation));
}

/// Runs `body` with the subject in the context of its errors.
template <typename Body> void with_context(Subject &subject, Body &&body) {
    ErrorContextCallback context{};
    context.callback = describe;
    context.arg = &subject;
    context.previous = error_context_stack;
    error_context_stack = &context;
    body();
    error_context_stack = context.previous;
}

} // namespace

void RowReader::open(Relation relation, const Shape &then) {
    const auto natts = static_cast<size_t>(RelationGetDescr(relation)->natts);
    relation_ = relation;
    memory_ = CurrentMemoryContext;
    columns_ = static_cast<Column *>(palloc0(sizeof(Column) * natts));
    values_ = static_cast<Datum *>(palloc0(sizeof(Datum) * natts));
    nulls_ = static_cast<bool *>(palloc(sizeof(bool) * natts));
    memset(nulls_, true, sizeof(bool) * natts);
    for (size_t i = 0; i < natts; i++)
        columns_[i].existed = then.names[i] != nullptr;
}

void RowReader::read_column(int index, JsonbContainer *row, const char *name) {
    Column &column = columns_[index];
    if (!column.has_reader) {
        MemoryContext caller = MemoryContextSwitchTo(memory_);
        column.reader = make_value_reader(TupleDescAttr(RelationGetDescr(relation_), index));
        column.has_reader = true;
        MemoryContextSwitchTo(caller);
    }
    JsonbValue buffer;
    const JsonbValue *value =
        getKeyJsonValueFromContainer(row, name, static_cast<int>(strlen(name)), &buffer);
    values_[index] = read_value(column.reader, value, &nulls_[index]);
}

void RowReader::read(const Jsonb *row, const Shape &shape, const pg_uuid_t &change) {
    Subject subject{relation_, &change, 0};
    with_context(subject, [&] {
        with_settings(fixed_settings(), [&] {
            for (int &i = subject.column; i < RelationGetDescr(relation_)->natts; i++) {
                nulls_[i] = true;
                if (columns_[i].existed && shape.names[i] != nullptr)
                    read_column(i, const_cast<JsonbContainer *>(&row->root), shape.names[i]);
            }
        });
    });
}

void RowReader::set(const Datum *values, const bool *nulls) {
    for (int i = 0; i < RelationGetDescr(relation_)->natts; i++) {
        values_[i] = values[i];
        nulls_[i] = nulls[i] || !columns_[i].existed;
    }
}

} // namespace bemi::history
