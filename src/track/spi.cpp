#include "spi.hpp"

namespace bemi::spi {
namespace {

constexpr int max_arguments = 10;

void execute(const char *sql, std::initializer_list<Argument> arguments) {
    Oid types[max_arguments];
    Datum values[max_arguments];
    char nulls[max_arguments] = {};
    int count = 0;

    for (const Argument &argument : arguments) {
        Assert(count < max_arguments);
        types[count] = argument.type;
        values[count] = argument.value;
        nulls[count] = argument.is_null ? 'n' : ' ';
        count++;
    }
    const int result = SPI_execute_with_args(sql, count, types, values, nulls, false, 0);
    if (result < 0)
        elog(ERROR, "%s for: %s", SPI_result_code_string(result), sql);
}

/// The list that `append` makes of the first column, in the caller's memory context.
template <typename Append>
List *select_list(const char *sql, std::initializer_list<Argument> arguments, Append &&append) {
    MemoryContext caller = CurrentMemoryContext;
    List *list = NIL;

    SPI_connect();
    execute(sql, arguments);
    MemoryContext spi = MemoryContextSwitchTo(caller);
    for (uint64 row = 0; row < SPI_processed; row++) {
        bool is_null;
        const Datum datum = value(1, &is_null, row);
        if (!is_null)
            list = append(list, datum);
    }
    MemoryContextSwitchTo(spi);
    SPI_finish();
    return list;
}

} // namespace

Oid extension_owner() {
    const Oid table = get_relname_relid("tracked_schemas", get_namespace_oid("bemi", false));
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for table bemi.tracked_schemas");
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

void become_owner() {
    Oid caller;
    int security;
    GetUserIdAndSecContext(&caller, &security);
    // Row-level security that is forced on the owner is meant for people.
    SetUserIdAndSecContext(extension_owner(), security | SECURITY_LOCAL_USERID_CHANGE |
                                                  SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
}

void run(const char *sql, std::initializer_list<Argument> arguments) {
    execute(sql, arguments);
}

void run_as_owner(const char *sql, std::initializer_list<Argument> arguments) {
    as_owner([&] { execute(sql, arguments); });
}

List *select_oids(const char *sql, std::initializer_list<Argument> arguments) {
    return select_list(sql, arguments,
                       [](List *list, Datum value) { return lappend_oid(list, DatumGetObjectId(value)); });
}

List *select_names(const char *sql) {
    return select_list(sql, {}, [](List *list, Datum value) {
        return lappend(list, pstrdup(NameStr(*DatumGetName(value))));
    });
}

List *select_pointers(const char *sql) {
    return select_list(sql, {},
                       [](List *list, Datum value) { return lappend(list, DatumGetPointer(value)); });
}

} // namespace bemi::spi
