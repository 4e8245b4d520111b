// bemi.listen(): from now on, the session hears of stored changes.
#include "base/boundary.hpp"
#include "base/names.hpp"
#include "base/spi.hpp"
#include "worker/listeners.hpp"

namespace bemi::worker {
namespace {

/// PostgreSQL has no LISTEN there.
void require_primary() {
    if (RecoveryInProgress())
        ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
                        errmsg("bemi.listen() cannot be executed during recovery"),
                        errhint("Look for new rows of bemi.changes from time to time, or call it on the "
                                "primary.")));
}

/// Whether the caller may read the relation, or columns of it.
bool may_read(const char *name) {
    const Oid relation = names::installed_relation(name);
    return OidIsValid(relation) &&
           (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
            pg_attribute_aclcheck_all(relation, GetUserId(), ACL_SELECT, ACLMASK_ANY) == ACLCHECK_OK);
}

/// Each listener costs the worker something, and only those who may read changes have a use for it.
void require_reader() {
    const bool missing_ok = false;
    if (!may_read("changes") && !may_read("readable_changes"))
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("permission denied to listen for stored changes"),
                 errdetail("Only roles that may read bemi.changes or bemi.readable_changes may do so."),
                 errhint("GRANT SELECT ON bemi.readable_changes TO %s;",
                         quote_identifier(GetUserNameFromId(GetUserId(), missing_ok)))));
}

} // namespace

BEMI_FUNCTION(bemi_listen) {
    require_primary();
    require_reader();
    spi::connected([] { spi::run(psprintf("LISTEN %s", listeners::channel)); });
    listeners::join_at_commit();
    PG_RETURN_VOID();
}

} // namespace bemi::worker
