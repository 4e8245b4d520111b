// The end of the extension: its worker drops the slot, and the history goes only with who says so.
#include "base/boundary.hpp"
#include "base/event.hpp"
#include "base/names.hpp"
#include "base/spi.hpp"
#include "worker/wakeup.hpp"

namespace bemi {
namespace {

bool names_bemi(const List *names) {
    for (int i = 0; i < list_length(names); i++)
        if (strcmp(strVal(list_nth(names, i)), "bemi") == 0)
            return true;
    return false;
}

/// By its name, that of its schema or its owner.
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

/// Whether the command would take the history along without a word, because that is part of the extension.
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

/// What is an error in the command is left to it.
void keep_history(Node *command) {
    const Oid extension = names::extension(), changes = names::own_relation("changes");
    if (getExtensionOfObject(RelationRelationId, changes) != extension ||
        !compat::owns(ExtensionRelationId, extension, GetUserId()) || !drops_silently(command, changes) ||
        !has_changes())
        return;
    ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
                    errmsg("cannot drop extension bemi because bemi.changes has changes"),
                    errhint("To keep them, use ALTER EXTENSION bemi DROP TABLE bemi.changes first. To drop "
                            "them too, use CASCADE.")));
}

} // namespace
} // namespace bemi

BEMI_FUNCTION(bemi_on_ddl_command_start) {
    Node *command = bemi::command_of(fcinfo);
    if (bemi::may_end_extension(command)) {
        bemi::keep_history(command);
        bemi::wakeup::end_at_commit(); // whether the role may do that is not known yet
    }
    PG_RETURN_VOID();
}
