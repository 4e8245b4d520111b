// DROP EXTENSION: the worker drops the slot, and the history is dropped only if the command says CASCADE.
#include "base/boundary.hpp"
#include "base/event.hpp"
#include "base/names.hpp"
#include "base/spi.hpp"
#include "worker/wakeup.hpp"

namespace bemi::worker {
namespace {

bool names_bemi(const List *names) {
    for (int i = 0; i < list_length(names); i++)
        if (strcmp(strVal(list_nth(names, i)), "bemi") == 0)
            return true;
    return false;
}

/// Whether the command may drop the extension: by its name, its schema or its owner.
bool may_end_extension(Node *command) {
    return IsA(command, DropOwnedStmt) || names_bemi(castNode(DropStmt, command)->objects);
}

bool has_role(const List *roles, Oid role) {
    const bool missing_ok = true;
    for (int i = 0; i < list_length(roles); i++)
        if (get_rolespec_oid(list_nth_node(RoleSpec, roles, i), missing_ok) == role)
            return true;
    return false;
}

/// Whether the command would drop the history silently, because bemi.changes is part of the extension.
bool drops_silently(Node *command, Oid changes) {
    if (IsA(command, DropOwnedStmt)) {
        const auto *drop = castNode(DropOwnedStmt, command);
        return drop->behavior == DROP_RESTRICT && has_role(drop->roles, names::owner_of(changes));
    }
    const auto *drop = castNode(DropStmt, command);
    return drop->behavior == DROP_RESTRICT && drop->removeType == OBJECT_EXTENSION;
}

bool has_changes() {
    bool found = false;
    spi::as_owner([&found] {
        spi::run("SELECT FROM bemi.changes LIMIT 1");
        found = SPI_processed > 0;
    });
    return found;
}

/// Refuses to drop the extension while there are changes. PostgreSQL reports whatever is wrong with the
/// command itself.
void keep_history(Node *command) {
    const Oid extension = names::extension(), changes = names::own_relation("changes");
    if (getExtensionOfObject(RelationRelationId, changes) != extension ||
        !compat::owns(ExtensionRelationId, extension, GetUserId()) || !drops_silently(command, changes) ||
        !has_changes())
        return;
    ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
                    errmsg("cannot drop extension \"bemi\" because table \"bemi.changes\" is not empty"),
                    errhint("To keep them, use ALTER EXTENSION bemi DROP TABLE bemi.changes first. To drop "
                            "them too, use CASCADE.")));
}

} // namespace

BEMI_FUNCTION(bemi_on_ddl_command_start) {
    Node *command = command_of(fcinfo);
    if (may_end_extension(command)) {
        keep_history(command);
        wakeup::end_at_commit(); // privileges are checked later: the command may still be refused
    }
    PG_RETURN_VOID();
}

} // namespace bemi::worker
