// bemi.mark() and bemi.drop_mark(): moments with a name. This file alone writes bemi.marks.
#include "base/boundary.hpp"
#include "base/current_context.hpp"
#include "base/spi.hpp"

namespace bemi::history {
namespace {

const char *name_argument(FunctionCallInfo fcinfo) {
    constexpr size_t longest = 1000; // an index entry has at most 2704 bytes
    if (PG_ARGISNULL(0))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("name of a mark must not be null")));
    const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    if (name[strspn(name, " \t\n\r\f\v")] == '\0')
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("name of a mark must not be empty")));
    if (strlen(name) > longest)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("name of a mark must not be longer than %zu bytes", longest)));
    return name;
}

} // namespace

BEMI_FUNCTION(bemi_mark) {
    PreventCommandDuringRecovery("bemi.mark()");
    const char *name = name_argument(fcinfo);
    const Datum context = current_context();
    const TimestampTz at = GetCurrentTimestamp();
    // The next commit record may begin at the insert position, and must be behind the mark.
    const XLogRecPtr position = GetXLogInsertRecPtr() - 1;
    spi::as_owner([&] {
        spi::run("INSERT INTO bemi.marks (name, position, at, context) VALUES ($1, $2, $3, $4)"
                 " ON CONFLICT DO NOTHING",
                 {spi::text(name),
                  spi::integer(static_cast<int64>(position)),
                  spi::timestamp(at),
                  {JSONBOID, context}});
        if (SPI_processed == 0)
            ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("mark \"%s\" already exists", name),
                            errhint("Choose another name, or call bemi.drop_mark() before.")));
    });
    PG_RETURN_LSN(position);
}

BEMI_FUNCTION(bemi_drop_mark) {
    PreventCommandDuringRecovery("bemi.drop_mark()");
    const char *name = name_argument(fcinfo);
    spi::as_owner([name] {
        spi::run("DELETE FROM bemi.marks WHERE name = $1", {spi::text(name)});
        if (SPI_processed == 0)
            ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("mark \"%s\" does not exist", name)));
    });
    PG_RETURN_VOID();
}

} // namespace bemi::history
