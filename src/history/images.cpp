// What bemi.revert() asks of images: which columns of two differ, and what only these have.
#include "base/boundary.hpp"
#include "history/images.hpp"

#include <algorithm>

namespace bemi::history {
namespace {

bool is_among(const JsonbValue &key, std::span<const Datum> names) {
    return std::ranges::any_of(names, [&key](Datum datum) {
        const text *name = DatumGetTextPP(datum);
        return VARSIZE_ANY_EXHDR(name) == static_cast<size_t>(key.val.string.len) &&
               memcmp(VARDATA_ANY(name), key.val.string.val, VARSIZE_ANY_EXHDR(name)) == 0;
    });
}

} // namespace

Members members_of(Jsonb *object) {
    if (!JB_ROOT_IS_OBJECT(object))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("not a JSON object")));
    Members members{};
    members.iterator = JsonbIteratorInit(&object->root);
    JsonbValue begin;
    (void)JsonbIteratorNext(&members.iterator, &begin, true);
    advance(members);
    return members;
}

void advance(Members &members) {
    members.has_more = JsonbIteratorNext(&members.iterator, &members.key, true) == WJB_KEY;
    if (members.has_more)
        (void)JsonbIteratorNext(&members.iterator, &members.value, true);
}

int compare_names(const JsonbValue &a, const JsonbValue &b) {
    if (a.val.string.len != b.val.string.len)
        return a.val.string.len - b.val.string.len;
    return memcmp(a.val.string.val, b.val.string.val, static_cast<size_t>(a.val.string.len));
}

bool are_same(const JsonbValue &a, const JsonbValue &b) {
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case jbvNull:
        return true;
    case jbvBool:
        return a.val.boolean == b.val.boolean;
    case jbvString:
        return compare_names(a, b) == 0;
    case jbvNumeric:
        return datumIsEqual(NumericGetDatum(a.val.numeric), NumericGetDatum(b.val.numeric), false, -1);
    default:
        return compareJsonbContainers(a.val.binary.data, b.val.binary.data) == 0;
    }
}

Jsonb *only(Jsonb *image, std::span<const Datum> names) {
    compat::JsonbBuilder object;
    object.push(WJB_BEGIN_OBJECT);
    for (Members members = members_of(image); members.has_more; advance(members)) {
        if (!is_among(members.key, names))
            continue;
        object.push(WJB_KEY, &members.key);
        object.push(WJB_VALUE, &members.value);
    }
    object.push(WJB_END_OBJECT);
    return object.result();
}

} // namespace bemi::history

using namespace bemi::history;

/// The names of the members that only one of two objects has, or that differ.
BEMI_FUNCTION(bemi_different_columns) {
    ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);
    for_each_difference(PG_GETARG_JSONB_P(0), PG_GETARG_JSONB_P(1),
                        [&names](const JsonbValue &key, const JsonbValue *, const JsonbValue *) {
                            names =
                                accumArrayResult(names, name_of(key), false, TEXTOID, CurrentMemoryContext);
                        });
    PG_RETURN_DATUM(makeArrayResult(names, CurrentMemoryContext));
}

/// The object with only those of its members that are named.
BEMI_FUNCTION(bemi_only_columns) {
    Datum *names;
    int count;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &names, nullptr, &count);
    PG_RETURN_JSONB_P(only(PG_GETARG_JSONB_P(0), {names, static_cast<size_t>(count)}));
}
