// The steps of bemi.revert(): what has to be done to each row, from what the selected changes have done to
// it. Those that one command can do together are a kind, and are collected in an array.
#include "base/boundary.hpp"
#include "base/spi.hpp"
#include "base/text.hpp"
#include "history/images.hpp"
#include "history/select.hpp"

#include <algorithm>

namespace bemi::history {
namespace {

/// What the selected changes have done to a row.
struct Net {
    const text *row_key; // null if the row is not known
    Datum key;
    bool has_key;
    std::string_view begins, ends; // the first operation and the last one
    Jsonb *target, *expected;      // its image before the first change, and after the last one
    Jsonb *place;                  // where it is, if these two are not its whole image
    const text *broken_column;     // one that somebody else has changed between
    std::span<const Datum> erased; // columns of which a value was erased
    std::span<const Datum> hidden; // those of them that the changes have changed
};

/// The attributes of the type bemi.revert_step.
enum StepColumn { step_key, step_place, step_target, step_expected, step_conflict, step_columns };

/// The attributes of the type bemi.revert_kind.
enum KindColumn {
    kind_relation,
    kind_action,
    kind_column_names,
    kind_is_blocked,
    kind_rank,
    kind_steps,
    kind_columns
};

struct Step {
    const char *action; // one of the constants below; null if nothing can be done
    ArrayType *columns; // null if the row is deleted
    bool is_blocked;
    Datum values[step_columns];
    bool nulls[step_columns];

    void set(StepColumn column, Jsonb *value) {
        values[column] = PointerGetDatum(value);
        nulls[column] = value == nullptr;
    }
    void forbid(Jsonb *conflict) {
        set(step_conflict, conflict);
        action = nullptr;
    }
};

constexpr const char *insert = "INSERT", *update = "UPDATE", *remove_row = "DELETE";

struct Kind {
    const char *action;
    ArrayType *columns;
    bool is_blocked;
    uint32 hash;
    ArrayBuildState *steps;
};

struct Difference {
    ArrayType *columns;
    Jsonb *before, *after; // with these columns only
    bool is_recorded;      // whether both images have them all
    bool has_broken;
};

struct ObjectWriter {
    compat::JsonbBuilder object;

    ObjectWriter() { object.push(WJB_BEGIN_OBJECT); }
    void add(JsonbValue key, JsonbValue value) {
        object.push(WJB_KEY, &key);
        object.push(WJB_VALUE, &value);
    }
    Jsonb *finish() {
        object.push(WJB_END_OBJECT);
        return object.result();
    }
};

JsonbValue string_of(std::string_view text) {
    JsonbValue value{};
    value.type = jbvString;
    value.val.string = {static_cast<int>(text.size()), const_cast<char *>(text.data())};
    return value;
}

Difference difference_of(const Net &net) {
    Difference difference{};
    difference.is_recorded = true;
    ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);
    ObjectWriter before, after;
    for_each_difference(net.target, net.expected,
                        [&](const JsonbValue &key, const JsonbValue *old_value, const JsonbValue *new_value) {
                            (void)accumArrayResult(names, name_of(key), false, TEXTOID, CurrentMemoryContext);
                            difference.is_recorded &= old_value != nullptr && new_value != nullptr;
                            difference.has_broken |=
                                net.broken_column != nullptr &&
                                view_of(net.broken_column) ==
                                    std::string_view(key.val.string.val,
                                                     static_cast<size_t>(key.val.string.len));
                            if (old_value != nullptr)
                                before.add(key, *old_value);
                            if (new_value != nullptr)
                                after.add(key, *new_value);
                        });
    for (Datum name : net.hidden)
        (void)accumArrayResult(names, name, false, TEXTOID, CurrentMemoryContext);
    difference.columns = DatumGetArrayTypeP(makeArrayResult(names, CurrentMemoryContext));
    difference.before = before.finish();
    difference.after = after.finish();
    return difference;
}

const char *action_for(const Net &net) {
    return net.begins == "CREATE" ? remove_row : net.ends == "DELETE" ? insert : update;
}

Jsonb *conflict_of(std::string_view reason, const text *column) {
    ObjectWriter conflict;
    conflict.add(string_of("reason"), string_of(reason));
    if (column != nullptr)
        conflict.add(string_of("column"), string_of(view_of(column)));
    return conflict.finish();
}

/// What bemi.revert_kinds() collects.
struct Kinds {
    FunctionCallInfo fcinfo;
    MemoryContext memory;
    Oid kind_type, step_type;
    TupleDesc kind, step;
    std::span<const Datum> key_columns, settable_columns;
    std::span<const Datum> needed_columns; // a row cannot come back without values for them
    bool is_forced;
    List *all;             // of Kind
    StringInfoData latest; // the row that came last
    bool has_latest;
    bool has_several; // whether a row came twice

    void open(FunctionCallInfo call);
    void add(const Net &net);
    [[nodiscard]] Datum finish() const;

private:
    bool is_new(const text *row_key);
    [[nodiscard]] bool writes_erased(const Net &net, const Difference &difference) const;
    [[nodiscard]] const text *needed_by(Jsonb *image) const;
    [[nodiscard]] Step step_for(const Net &net, const Difference &difference) const;
    Kind *kind_of(const Step &step);
    [[nodiscard]] Datum columns_to_set(ArrayType *columns) const;
    [[nodiscard]] Datum datum_of(const Kind &kind) const;
};

std::span<const Datum> names_in(ArrayType *array) {
    Datum *names;
    int count;
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, nullptr, &count);
    return {names, static_cast<size_t>(count)};
}

bool is_among(Datum name, std::span<const Datum> names) {
    return std::ranges::any_of(names, [name](Datum other) {
        return view_of(DatumGetTextPP(name)) == view_of(DatumGetTextPP(other));
    });
}

void Kinds::open(FunctionCallInfo call) {
    fcinfo = call;
    memory = CurrentMemoryContext;
    kind_type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
    kind = lookup_rowtype_tupdesc_copy(kind_type, -1);
    step_type = get_element_type(TupleDescAttr(kind, kind_steps)->atttypid);
    step = lookup_rowtype_tupdesc_copy(step_type, -1);
    key_columns = names_in(PG_GETARG_ARRAYTYPE_P(2));
    settable_columns = names_in(PG_GETARG_ARRAYTYPE_P(3));
    needed_columns = names_in(PG_GETARG_ARRAYTYPE_P(4));
    is_forced = PG_GETARG_BOOL(5);
    initStringInfo(&latest);
}

/// Rows come in the order of their keys.
bool Kinds::is_new(const text *row_key) {
    if (row_key == nullptr)
        return true;
    if (has_latest && view_of(latest) == view_of(row_key))
        return false;
    has_latest = true;
    resetStringInfo(&latest);
    appendBinaryStringInfo(&latest, VARDATA_ANY(row_key), static_cast<int>(VARSIZE_ANY_EXHDR(row_key)));
    return true;
}

/// What is forced may write a whole row.
bool Kinds::writes_erased(const Net &net, const Difference &difference) const {
    if (net.erased.empty() || is_forced || action_for(net) != update)
        return !net.erased.empty();
    const std::span<const Datum> written = names_in(difference.columns);
    return std::ranges::any_of(net.erased, [written](Datum name) { return is_among(name, written); });
}

/// The first needed column that the image lacks; NULL if it has all.
const text *Kinds::needed_by(Jsonb *image) const {
    for (Datum name : needed_columns) {
        const std::string_view key = view_of(DatumGetTextPP(name));
        JsonbValue buffer;
        if (getKeyJsonValueFromContainer(&image->root, key.data(), static_cast<int>(key.size()), &buffer) ==
            nullptr)
            return DatumGetTextPP(name);
    }
    return nullptr;
}

Step Kinds::step_for(const Net &net, const Difference &difference) const {
    Step result{};
    result.action = action_for(net);
    result.columns = difference.columns;
    Jsonb *place = net.place != nullptr ? net.place : net.expected;
    result.values[step_key] = net.key;
    result.nulls[step_key] = !net.has_key;
    result.set(step_target, result.action == insert ? net.target : difference.before);
    result.set(step_expected, result.action == update ? difference.after : nullptr);
    if (result.action == insert)
        place = net.target;
    if (result.action == remove_row) {
        result.columns = nullptr;
        result.set(step_target, nullptr);
        result.set(step_expected, net.expected);
    }
    result.set(step_place, is_forced ? place : only(place, key_columns));
    if (writes_erased(net, difference))
        result.forbid(conflict_of("erased", DatumGetTextPP(net.erased.front())));
    else if (net.row_key == nullptr || (result.action == update && !difference.is_recorded))
        result.forbid(conflict_of("not recorded", nullptr));
    else if (const text *needed = result.action == insert ? needed_by(net.target) : nullptr)
        result.forbid(conflict_of("not recorded", needed));
    else
        result.set(step_conflict,
                   difference.has_broken ? conflict_of("changed between", net.broken_column) : nullptr);
    result.is_blocked = !result.nulls[step_conflict] && (result.action == nullptr || !is_forced);
    return result;
}

Kind *Kinds::kind_of(const Step &step) {
    const uint32 hash = step.columns == nullptr
                            ? 0
                            : hash_bytes(reinterpret_cast<const unsigned char *>(step.columns),
                                         static_cast<int>(VARSIZE(step.columns)));
    for (int i = 0; i < list_length(all); i++) {
        auto *kind = static_cast<Kind *>(list_nth(all, i));
        if (kind->hash == hash && kind->action == step.action && kind->is_blocked == step.is_blocked &&
            (kind->columns == nullptr) == (step.columns == nullptr) &&
            (step.columns == nullptr ||
             datumIsEqual(PointerGetDatum(kind->columns), PointerGetDatum(step.columns), false, -1)))
            return kind;
    }
    MemoryContext caller = MemoryContextSwitchTo(memory);
    auto *kind = static_cast<Kind *>(palloc(sizeof(Kind)));
    *kind = {.action = step.action,
             .columns = nullptr,
             .is_blocked = step.is_blocked,
             .hash = hash,
             .steps = initArrayResult(step_type, memory, false)};
    if (step.columns != nullptr)
        kind->columns = DatumGetArrayTypePCopy(PointerGetDatum(step.columns));
    all = lappend(all, kind);
    MemoryContextSwitchTo(caller);
    return kind;
}

void Kinds::add(const Net &net) {
    has_several |= !is_new(net.row_key);
    if (has_several || (net.begins == "CREATE" && net.ends == "DELETE"))
        return;
    const Difference difference = difference_of(net);
    if (ARR_NDIM(difference.columns) == 0)
        return;
    Step made = step_for(net, difference);
    HeapTuple tuple = heap_form_tuple(step, made.values, made.nulls);
    (void)accumArrayResult(kind_of(made)->steps, HeapTupleGetDatum(tuple), false, step_type, memory);
}

/// Columns that are generated, or gone, cannot be set.
Datum Kinds::columns_to_set(ArrayType *columns) const {
    const std::span<const Datum> changed = names_in(columns);
    ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);
    for (Datum name : settable_columns)
        if (is_among(name, changed))
            (void)accumArrayResult(names, name, false, TEXTOID, CurrentMemoryContext);
    return makeArrayResult(names, CurrentMemoryContext);
}

Datum Kinds::datum_of(const Kind &made) const {
    Datum values[kind_columns] = {PG_GETARG_DATUM(0)};
    bool nulls[kind_columns] = {};
    nulls[kind_action] = made.action == nullptr;
    if (made.action != nullptr)
        values[kind_action] = CStringGetTextDatum(made.action);
    nulls[kind_column_names] = made.columns == nullptr;
    if (made.columns != nullptr)
        values[kind_column_names] = columns_to_set(made.columns);
    values[kind_is_blocked] = BoolGetDatum(made.is_blocked);
    values[kind_rank] = Int32GetDatum(0);
    values[kind_steps] = makeArrayResult(made.steps, CurrentMemoryContext);
    return HeapTupleGetDatum(heap_form_tuple(kind, values, nulls));
}

Datum Kinds::finish() const {
    ArrayBuildState *result = initArrayResult(kind_type, CurrentMemoryContext, false);
    for (int i = 0; i < list_length(all); i++) {
        const Kind &made = *static_cast<Kind *>(list_nth(all, i));
        if (made.columns == nullptr || ARR_NDIM(DatumGetArrayTypeP(columns_to_set(made.columns))) > 0)
            (void)accumArrayResult(result, datum_of(made), false, kind_type, CurrentMemoryContext);
    }
    return makeArrayResult(result, CurrentMemoryContext);
}

Net net_in(TupleTableSlot *row) {
    const auto text_at = [row](int i) {
        return row->tts_isnull[i] ? nullptr : DatumGetTextPP(row->tts_values[i]);
    };
    const auto names_at = [row](int i) -> std::span<const Datum> {
        if (row->tts_isnull[i])
            return {};
        return names_in(DatumGetArrayTypeP(row->tts_values[i]));
    };
    return {.row_key = text_at(0),
            .key = row->tts_values[1],
            .has_key = !row->tts_isnull[1],
            .begins = view_of(text_at(2)),
            .ends = view_of(text_at(3)),
            .target = DatumGetJsonbP(row->tts_values[4]),
            .expected = DatumGetJsonbP(row->tts_values[5]),
            .place = row->tts_isnull[6] ? nullptr : DatumGetJsonbP(row->tts_values[6]),
            .broken_column = text_at(7),
            .erased = names_at(8),
            .hidden = names_at(9)};
}

} // namespace
} // namespace bemi::history

using namespace bemi::history;

/// The kinds of steps for the rows that a query returns, in the order of their keys. NULL if a row comes
/// twice.
BEMI_FUNCTION(bemi_revert_kinds) {
    Kinds kinds{};
    kinds.open(fcinfo);
    bemi::spi::connected([&] {
        select(single(text_to_cstring(PG_GETARG_TEXT_PP(1)), {}), nullptr, nullptr,
               [&kinds](TupleTableSlot *row) { kinds.add(net_in(row)); });
    });
    if (kinds.has_several)
        PG_RETURN_NULL();
    PG_RETURN_DATUM(kinds.finish());
}
