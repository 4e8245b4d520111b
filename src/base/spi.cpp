#include "base/spi.hpp"

#include "base/names.hpp"

namespace bemi::spi {
namespace {

constexpr int max_arguments = 10;

void execute(const char *sql, std::initializer_list<Argument> arguments) {
    Oid types[max_arguments];
    Datum values[max_arguments] = {}; // gcc cannot tell that PostgreSQL reads no more than are set
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
        elog(ERROR, "SPI_execute_with_args failed: %s: %s", SPI_result_code_string(result), sql);
}

/// Returns the first column of the result as a list, to which `append` adds each value that is not null, in
/// the caller's memory context.
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
    const Oid owner = names::owner_of(names::own_relation("tracked_schemas"));
    if (!OidIsValid(owner))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation \"bemi.tracked_schemas\" does not exist"),
                 errhint("Drop extension \"bemi\" and create it again.")));
    return owner;
}

void become_owner() {
    Oid caller;
    int security;
    GetUserIdAndSecContext(&caller, &security);
    // bemi's own work must see all rows, even if row-level security is forced on the owner of the tables.
    SetUserIdAndSecContext(extension_owner(), security | SECURITY_LOCAL_USERID_CHANGE |
                                                  SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
}

void hide_callers_schemas() {
    const bool change = true, is_reload = false;
    (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
                            change, 0, is_reload);
}

void run(const char *sql, std::initializer_list<Argument> arguments) {
    execute(sql, arguments);
}

SPIPlanPtr prepare(const char *sql, std::span<const Oid> types) {
    SPIPlanPtr plan = SPI_prepare(sql, static_cast<int>(types.size()), const_cast<Oid *>(types.data()));
    if (plan == nullptr)
        elog(ERROR, "SPI_prepare failed: %s: %s", SPI_result_code_string(SPI_result), sql);
    (void)SPI_keepplan(plan);
    return plan;
}

void execute(SPIPlanPtr plan, Datum *values) {
    const bool read_only = false;
    const int result = SPI_execute_plan(plan, values, nullptr, read_only, 0);
    if (result < 0)
        elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
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
