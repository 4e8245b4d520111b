#include "history/relation_past.hpp"

#include "history/select.hpp"

#include <algorithm>

namespace bemi::history {
namespace {

/// A copy that ends with a zero byte.
std::string_view text_at(TupleTableSlot *row, int column) {
    char *copy = TextDatumGetCString(row->tts_values[column]);
    return {copy, strlen(copy)};
}

Place place_at(TupleTableSlot *row, int column) {
    if (row->tts_isnull[column])
        return end_of_time;
    return {DatumGetInt64(row->tts_values[column]), DatumGetInt64(row->tts_values[column + 1])};
}

template <typename Element> struct Growing {
    Element *elements = nullptr;
    size_t count = 0, room = 0;

    Element &add() {
        if (count == room) {
            room = room == 0 ? 8 : 2 * room;
            const size_t size = room * sizeof(Element);
            elements = static_cast<Element *>(elements == nullptr ? palloc(size) : repalloc(elements, size));
        }
        return elements[count++];
    }
    [[nodiscard]] std::span<Element> all() const { return {elements, count}; }
};

struct Texts {
    Datum *values;
    int count;
};

/// The elements of a text[] without nulls.
Texts texts_of(Datum array) {
    Texts texts{};
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &texts.values, nullptr,
                      &texts.count);
    return texts;
}

const char **no_names(TupleDesc columns) {
    return static_cast<const char **>(palloc0(sizeof(char *) * static_cast<size_t>(columns->natts)));
}

const char **names_of_today(TupleDesc columns) {
    const char **names = no_names(columns);
    for (int i = 0; i < columns->natts; i++)
        if (Form_pg_attribute column = TupleDescAttr(columns, i); !column->attisdropped)
            names[i] = NameStr(column->attname);
    return names;
}

/// Sets the names by the columns of today, and which of these were ignored. `numbers` says which column has
/// which name, and which rule if any.
void set_columns(Shape &shape, TupleDesc columns, std::span<const int16> numbers, const Texts &texts,
                 const Texts &rules) {
    shape.names = no_names(columns);
    shape.ignored = static_cast<bool *>(palloc0(static_cast<size_t>(columns->natts)));
    for (size_t i = 0; i < numbers.size(); i++) {
        const int column = numbers[i] - 1;
        if (column >= columns->natts || TupleDescAttr(columns, column)->attisdropped)
            continue;
        const char *rule = TextDatumGetCString(rules.values[i]);
        shape.ignored[column] = strcmp(rule, "ignore") == 0;
        if (*rule == '\0' || shape.ignored[column])
            shape.names[column] = TextDatumGetCString(texts.values[i]);
    }
}

/// Whether the key of the shape has the columns that the key has today, in their order.
bool is_key_of_today(const char **names, std::span<const AttrNumber> key, const Texts &texts) {
    return static_cast<size_t>(texts.count) == key.size() &&
           std::equal(key.begin(), key.end(), texts.values, [names](AttrNumber column, Datum part) {
               const char *name = names[column - 1];
               return name != nullptr && strcmp(name, TextDatumGetCString(part)) == 0;
           });
}

Shape shape_of(TupleTableSlot *row, TupleDesc columns, std::span<const AttrNumber> key) {
    ArrayType *numbers = DatumGetArrayTypeP(row->tts_values[9]);
    const Texts texts = texts_of(row->tts_values[10]);
    Shape shape{};
    shape.from = place_at(row, 3);
    shape.from_time = DatumGetTimestampTz(row->tts_values[7]);
    set_columns(shape, columns,
                {reinterpret_cast<int16 *>(ARR_DATA_PTR(numbers)), static_cast<size_t>(texts.count)}, texts,
                texts_of(row->tts_values[11]));
    shape.has_key_of_today =
        !row->tts_isnull[8] && is_key_of_today(shape.names, key, texts_of(row->tts_values[8]));
    return shape;
}

#define EACH_COLUMN "FROM pg_catalog.jsonb_array_elements(s.columns) WITH ORDINALITY AS a (c, n) ORDER BY n"

constexpr char shapes_query[] =
    "SELECT s.relation, s.schema, s.\"table\", s.from_position, s.from_sequence, s.to_position, "
    "s.to_sequence, s.from_time, s.key,"
    " ARRAY(SELECT (c OPERATOR(pg_catalog.->>) 'number')::smallint " EACH_COLUMN "),"
    " ARRAY(SELECT c OPERATOR(pg_catalog.->>) 'name' " EACH_COLUMN "),"
    " ARRAY(SELECT COALESCE(c OPERATOR(pg_catalog.->>) 'rule', '') " EACH_COLUMN ")"
    " FROM bemi.shapes_of($1) s ORDER BY s.from_position, s.from_sequence";

void set_key(RelationPast &past, Relation relation) {
    past.key_index = primary_key_of(relation);
    if (!OidIsValid(past.key_index))
        return;
    Relation index = index_open(past.key_index, AccessShareLock);
    const auto count = static_cast<size_t>(index->rd_index->indnkeyatts);
    auto *key = static_cast<AttrNumber *>(palloc(sizeof(AttrNumber) * count));
    std::copy_n(index->rd_index->indkey.values, count, key);
    past.key = {key, count};
    past.is_key_deferrable = !index->rd_index->indimmediate;
    index_close(index, AccessShareLock);
}

/// Adds the name of today, of a relation whose shape no worker has stored.
void add_name_of_today(Growing<StoredName> &names, Oid relation) {
    const char *schema = get_namespace_name(get_rel_namespace(relation)), *table = get_rel_name(relation);
    if (table != nullptr)
        names.add() = {schema, table, begin_of_time, end_of_time};
}

} // namespace

Oid primary_key_of(Relation relation) {
    List *indexes = RelationGetIndexList(relation);
    Oid key = InvalidOid;
    for (int i = 0; i < list_length(indexes) && !OidIsValid(key); i++) {
        Relation index = index_open(list_nth_oid(indexes, i), AccessShareLock);
        key = index->rd_index->indisprimary ? RelationGetRelid(index) : InvalidOid;
        index_close(index, AccessShareLock);
    }
    list_free(indexes);
    return key;
}

Shape shape_of_today(Relation relation) {
    TupleDesc columns = RelationGetDescr(relation);
    auto *ignored = static_cast<bool *>(palloc0(static_cast<size_t>(columns->natts)));
    return {begin_of_time, DT_NOBEGIN, names_of_today(columns), ignored, true};
}

bool RelationPast::has_key_since(const Cut &cut) const {
    // Rows with equal keys may be there within a transaction if the key is deferrable.
    const Shape *then = &shape_at(cut), *end = shapes.data() + shapes.size();
    return !key.empty() && !is_key_deferrable &&
           std::all_of(then, end, [](const Shape &shape) { return shape.has_key_of_today; });
}

bool RelationPast::has(std::string_view schema, std::string_view table, Place place) const {
    return std::any_of(names.begin(), names.end(), [&](const StoredName &name) {
        return name.table == table && name.schema == schema && !(place < name.from) && place < name.to;
    });
}

const Shape &RelationPast::shape_at(Place place) const {
    size_t i = shapes.size() - 1;
    while (i > 0 && place < shapes[i].from)
        i--;
    return shapes[i];
}

const Shape &RelationPast::shape_at(const Cut &cut) const {
    size_t i = shapes.size() - 1;
    while (i > 0 && cut.is_after(shapes[i].from_time, shapes[i].from))
        i--;
    return shapes[i];
}

Shape RelationPast::shape_since(const Cut &cut) const {
    Shape since = shape_at(cut);
    const char **names = static_cast<const char **>(palloc(sizeof(char *) * natts));
    bool *ignored = static_cast<bool *>(palloc(natts));
    std::copy_n(since.names, natts, names);
    std::copy_n(since.ignored, natts, ignored);
    for (const Shape *later = &shape_at(cut); later != shapes.data() + shapes.size(); later++)
        for (size_t i = 0; i < natts; i++) {
            names[i] = later->names[i] == nullptr ? nullptr : names[i];
            ignored[i] |= later->ignored[i];
        }
    since.names = names;
    since.ignored = ignored;
    return since;
}

Datum RelationPast::tables() const {
    auto *tables = static_cast<Datum *>(palloc(sizeof(Datum) * names.size()));
    for (size_t i = 0; i < names.size(); i++)
        tables[i] = PointerGetDatum(
            cstring_to_text_with_len(names[i].table.data(), static_cast<int>(names[i].table.size())));
    return PointerGetDatum(
        construct_array(tables, static_cast<int>(names.size()), TEXTOID, -1, false, TYPALIGN_INT));
}

RelationPast past_of(Relation relation) {
    static constinit SPIPlanPtr plan = nullptr;
    static constexpr Oid types[] = {OIDOID};
    RelationPast past{};
    MemoryContext memory = CurrentMemoryContext;
    const Oid oid = RelationGetRelid(relation);
    const Datum value = ObjectIdGetDatum(oid);
    Growing<StoredName> names;
    Growing<Shape> shapes;
    set_key(past, relation);
    past.natts = static_cast<size_t>(RelationGetDescr(relation)->natts);
    select(saved(plan, shapes_query, types), &value, nullptr, [&](TupleTableSlot *row) {
        MemoryContext caller = MemoryContextSwitchTo(memory);
        names.add() = {text_at(row, 1), text_at(row, 2), place_at(row, 3), place_at(row, 5)};
        if (DatumGetObjectId(row->tts_values[0]) == oid)
            shapes.add() = shape_of(row, RelationGetDescr(relation), past.key);
        MemoryContextSwitchTo(caller);
    });
    if (names.count == 0) {
        List *all = find_all_inheritors(oid, AccessShareLock, nullptr);
        for (int i = 0; i < list_length(all); i++)
            add_name_of_today(names, list_nth_oid(all, i));
    }
    if (shapes.count == 0)
        shapes.add() = shape_of_today(relation);
    past.names = names.all();
    past.shapes = shapes.all();
    return past;
}

} // namespace bemi::history
