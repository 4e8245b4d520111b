// bemi.erase(): asks the worker to erase values. The request is a message in the WAL, which the worker reads
// in the order of the commits: so all changes are stored that were committed before it, or with it.
#include "attested.hpp"
#include "base/boundary.hpp"
#include "base/current_context.hpp"
#include "base/spi.hpp"
#include "base/text.hpp"
#include "wire.hpp"
#include "worker/wakeup.hpp"

namespace bemi::worker {
namespace {

spi::Argument argument(FunctionCallInfo fcinfo, int number, Oid type) {
    return {type, PG_GETARG_DATUM(number), PG_ARGISNULL(number)};
}

/// What the worker is to do, as JSON. ERROR if that makes no sense.
const char *request(FunctionCallInfo fcinfo) {
    MemoryContext caller = CurrentMemoryContext;
    const spi::Argument context{JSONBOID, current_context()};
    const char *role = GetUserNameFromId(GetUserId(), false), *json = nullptr;
    spi::as_owner([&] {
        spi::run("SELECT bemi.sync()");
        spi::run("SELECT bemi.erasure_request($1, $2, $3, $4, $5, $6, $7)::text",
                 {argument(fcinfo, 0, REGCLASSOID), argument(fcinfo, 1, TEXTOID),
                  argument(fcinfo, 2, TEXTARRAYOID), argument(fcinfo, 3, TEXTARRAYOID),
                  argument(fcinfo, 4, TEXTOID), spi::text(role), context});
        json = MemoryContextStrdup(caller, TextDatumGetCString(spi::value(1)));
    });
    return json;
}

} // namespace

BEMI_FUNCTION(bemi_erase) {
    PreventCommandDuringRecovery("bemi.erase()");
    const char *json = request(fcinfo);
    (void)log_attested_message(erasure_prefix, json);
    wakeup::at_commit();
    ereport(
        NOTICE,
        (errmsg("the worker erases the values after the commit of this transaction"),
         errdetail("They remain in the WAL, in backups and dumps, with clients that have read the changes, "
                   "and in the files of bemi.changes, until each is removed or used again."),
         errhint("bemi.sync() waits until they are erased.")));
    PG_RETURN_VOID();
}

} // namespace bemi::worker
