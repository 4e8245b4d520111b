#include "worker/process_utility.hpp"

#include "base/compat.hpp"
#include "worker/listeners.hpp"
#include "worker/process.hpp"
#include "worker/wakeup.hpp"

namespace bemi::worker::process_utility {
namespace {

ProcessUtility_hook_type next_hook = nullptr;

/// Ends the worker of a database that the command needs for itself. A worker that is started meanwhile waits
/// for the lock on the database, which the command takes as well and keeps until the end of the transaction.
void leave_database(Oid database, LOCKMODE lock) {
    LockSharedObject(DatabaseRelationId, database, 0, lock);
    process::end_worker(database);
}

/// For a command that changes the database. PostgreSQL reports whatever is wrong with the command itself.
void leave_changed(const char *name) {
    const bool missing_ok = true;
    const Oid database = get_database_oid(name, missing_ok);
    if (OidIsValid(database) && database != MyDatabaseId &&
        compat::owns(DatabaseRelationId, database, GetUserId()))
        leave_database(database, AccessExclusiveLock);
}

const char *find_option(List *options, const char *name) {
    for (int i = 0; i < list_length(options); i++) {
        auto *option = list_nth_node(DefElem, options, i);
        if (strcmp(option->defname, name) == 0 && option->arg != nullptr)
            return defGetString(option);
    }
    return nullptr;
}

bool may_create_databases() {
    HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetUserId()));
    if (!HeapTupleIsValid(tuple))
        return false;
    const bool may = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple))->rolcreatedb;
    ReleaseSysCache(tuple);
    return may || superuser();
}

bool may_copy(Oid database) {
    HeapTuple tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
    if (!HeapTupleIsValid(tuple))
        return false;
    const bool is_template = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple))->datistemplate;
    ReleaseSysCache(tuple);
    return may_create_databases() && (is_template || compat::owns(DatabaseRelationId, database, GetUserId()));
}

/// A lock in share mode: several sessions may copy the database at once.
void leave_template(const CreatedbStmt *command) {
    const bool missing_ok = true;
    const char *name = find_option(command->options, "template");
    const Oid database = get_database_oid(name == nullptr ? "template1" : name, missing_ok);
    if (OidIsValid(database) && may_copy(database))
        leave_database(database, ShareLock);
}

void leave_moved(const AlterDatabaseStmt *command) {
    if (find_option(command->options, "tablespace") != nullptr)
        leave_changed(command->dbname);
}

void leave_renamed(const RenameStmt *command) {
    if (command->renameType == OBJECT_DATABASE)
        leave_changed(command->subname);
}

void note_unlisten(const UnlistenStmt *command) {
    const char *channel = command->conditionname; // NULL: all of them
    if (channel == nullptr || strcmp(channel, listeners::channel) == 0)
        listeners::leave_at_commit();
}

/// PostgreSQL refuses these commands in a transaction block, so the worker need not end.
bool is_in_transaction_block(ProcessUtilityContext context) {
    return IsInTransactionBlock(context == PROCESS_UTILITY_TOPLEVEL);
}

void before(Node *command, ProcessUtilityContext context) {
    switch (nodeTag(command)) {
    case T_DropdbStmt:
        if (!is_in_transaction_block(context))
            leave_changed(castNode(DropdbStmt, command)->dbname);
        return;
    case T_CreatedbStmt:
        if (!is_in_transaction_block(context))
            leave_template(castNode(CreatedbStmt, command));
        return;
    case T_AlterDatabaseStmt:
        if (!is_in_transaction_block(context))
            leave_moved(castNode(AlterDatabaseStmt, command));
        return;
    case T_RenameStmt:
        return leave_renamed(castNode(RenameStmt, command));
    case T_UnlistenStmt:
        return note_unlisten(castNode(UnlistenStmt, command));
    case T_DiscardStmt:
        if (castNode(DiscardStmt, command)->target == DISCARD_ALL)
            listeners::leave_at_commit();
        return;
    case T_TransactionStmt: // the transaction that made the changes was prepared, maybe long ago
        if (castNode(TransactionStmt, command)->kind == TRANS_STMT_COMMIT_PREPARED)
            wakeup::at_commit();
        return;
    default:
        return;
    }
}

void on_command(PlannedStmt *planned, const char *text, bool read_only_tree, ProcessUtilityContext context,
                ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
                QueryCompletion *completion) {
    before(planned->utilityStmt, context);
    (next_hook != nullptr ? next_hook : standard_ProcessUtility)(
        planned, text, read_only_tree, context, parameters, environment, receiver, completion);
}

} // namespace

void watch_commands() {
    next_hook = ProcessUtility_hook;
    ProcessUtility_hook = on_command;
}

} // namespace bemi::worker::process_utility
