// What bemi.revert() asks of two images of a row, for each of many rows: which columns differ, and what only
// these have. The members of a jsonb object are sorted, those of two objects in the same way.
#include "base/boundary.hpp"

namespace bemi::history {
namespace {

/// The members of an object, one after the other. Their values are not unpacked.
struct Members {
    JsonbIterator *iterator;
    JsonbValue key, value;
    bool has_more;
};

void next(Members &members) {
    members.has_more = JsonbIteratorNext(&members.iterator, &members.key, true) == WJB_KEY;
    if (members.has_more)
        (void)JsonbIteratorNext(&members.iterator, &members.value, true);
}

Members members_of(Jsonb *object) {
    if (!JB_ROOT_IS_OBJECT(object))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("not a JSON object")));
    Members members{};
    members.iterator = JsonbIteratorInit(&object->root);
    JsonbValue begin;
    (void)JsonbIteratorNext(&members.iterator, &begin, true);
    next(members);
    return members;
}

/// In the order of the members.
int compare_keys(const JsonbValue &a, const JsonbValue &b) {
    if (a.val.string.len != b.val.string.len)
        return a.val.string.len - b.val.string.len;
    return memcmp(a.val.string.val, b.val.string.val, static_cast<size_t>(a.val.string.len));
}

/// Numbers with other digits differ, although they may be equal.
bool are_same(const JsonbValue &a, const JsonbValue &b) {
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case jbvNull:
        return true;
    case jbvBool:
        return a.val.boolean == b.val.boolean;
    case jbvString:
        return compare_keys(a, b) == 0;
    case jbvNumeric:
        return datumIsEqual(NumericGetDatum(a.val.numeric), NumericGetDatum(b.val.numeric), false, -1);
    default:
        return compareJsonbContainers(a.val.binary.data, b.val.binary.data) == 0;
    }
}

ArrayBuildState *append(ArrayBuildState *names, const JsonbValue &key) {
    return accumArrayResult(names,
                            PointerGetDatum(cstring_to_text_with_len(key.val.string.val, key.val.string.len)),
                            false, TEXTOID, CurrentMemoryContext);
}

bool is_among(const JsonbValue &key, const Datum *names, int count) {
    for (int i = 0; i < count; i++) {
        text *name = DatumGetTextPP(names[i]);
        if (VARSIZE_ANY_EXHDR(name) == static_cast<size_t>(key.val.string.len) &&
            memcmp(VARDATA_ANY(name), key.val.string.val, VARSIZE_ANY_EXHDR(name)) == 0)
            return true;
    }
    return false;
}

} // namespace
} // namespace bemi::history

using namespace bemi::history;

/// The names of the members that only one of two objects has, or that differ.
BEMI_FUNCTION(bemi_different_columns) {
    Members a = members_of(PG_GETARG_JSONB_P(0)), b = members_of(PG_GETARG_JSONB_P(1));
    ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);
    while (a.has_more || b.has_more) {
        const int order = !a.has_more ? 1 : !b.has_more ? -1 : compare_keys(a.key, b.key);
        if (order != 0 || !are_same(a.value, b.value))
            names = append(names, order <= 0 ? a.key : b.key);
        if (order <= 0)
            next(a);
        if (order >= 0)
            next(b);
    }
    PG_RETURN_DATUM(makeArrayResult(names, CurrentMemoryContext));
}

/// The object with only those of its members that are named.
BEMI_FUNCTION(bemi_only_columns) {
    Members members = members_of(PG_GETARG_JSONB_P(0));
    Datum *names;
    int count;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &names, nullptr, &count);
    JsonbParseState *state = nullptr;
    (void)pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    for (; members.has_more; next(members)) {
        if (!is_among(members.key, names, count))
            continue;
        (void)pushJsonbValue(&state, WJB_KEY, &members.key);
        (void)pushJsonbValue(&state, WJB_VALUE, &members.value);
    }
    PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}
