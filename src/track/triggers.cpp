#include "track/triggers.hpp"

#include "base/names.hpp"
#include "base/own_triggers.hpp"
#include "track/arguments.hpp"
#include "track/news.hpp"
#include "track/relation.hpp"
#include "track/replica_identity.hpp"

namespace bemi::track::triggers {
namespace {

constexpr int16 any_row_operation = TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE;

struct TriggerKind {
    const char *name;
    int16 operations;
    bool for_each_row;
};
constexpr TriggerKind row_kind = {row_trigger, any_row_operation, true};
constexpr TriggerKind statement_kind = {statement_trigger, any_row_operation, false};
constexpr TriggerKind truncate_kind = {truncate_trigger, TRIGGER_TYPE_TRUNCATE, false};

/// A trigger that has a name of bemi's triggers, but calls another function; NULL if the relation has none.
const char *find_foreign(Oid relation) {
    const Oid function = emit_function();
    const char *name = nullptr;
    for_each_trigger(relation, [&](HeapTuple tuple, Relation) {
        if (is_own_name(NameStr(trigger_of(tuple).tgname)) && trigger_of(tuple).tgfoid != function)
            name = pstrdup(NameStr(trigger_of(tuple).tgname));
    });
    return name;
}

/// Creates a trigger that fires always: rows that are written under session_replication_role = replica, as by
/// a subscription or a restore, are changes like others.
void create(Oid relation, const TriggerKind &kind, List *arguments) {
    auto *statement = makeNode(CreateTrigStmt);
    statement->replace = true;
    statement->trigname = pstrdup(kind.name);
    statement->args = arguments;
    statement->row = kind.for_each_row;
    statement->timing = TRIGGER_TYPE_BEFORE;
    statement->events = kind.operations;
    const bool is_internal = false, in_partition = false;
    (void)CreateTriggerFiringOn(statement, "", relation, InvalidOid, InvalidOid, InvalidOid, emit_function(),
                                InvalidOid, nullptr, is_internal, in_partition, TRIGGER_FIRES_ALWAYS);
    CommandCounterIncrement();
}

void drop(Oid relation, const char *name) {
    const Oid function = emit_function();
    Oid trigger = InvalidOid;
    for_each_trigger(relation, [&](HeapTuple tuple, Relation) {
        if (is_called(trigger_of(tuple), name) && trigger_of(tuple).tgfoid == function)
            trigger = trigger_of(tuple).oid;
    });
    if (!OidIsValid(trigger))
        return;
    ObjectAddress address;
    ObjectAddressSet(address, TriggerRelationId, trigger);
    performDeletion(&address, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
    CommandCounterIncrement();
}

/// Whether the relation needs row triggers. A partitioned table holds no rows, and PostgreSQL would clone its
/// row triggers to the partitions, which have their own.
bool holds_rows(Oid relation) {
    return get_rel_relkind(relation) == RELKIND_RELATION;
}

/// Runs `body` as superuser: the owner of a table may track it even without the privileges TRIGGER or
/// EXECUTE. `body` must not run any user's code.
template <typename Body> void as_superuser(Body &&body) {
    Oid user;
    int security;
    // After an ERROR the end of the (sub)transaction restores both.
    GetUserIdAndSecContext(&user, &security);
    SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID,
                           security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    body();
    SetUserIdAndSecContext(user, security);
}

} // namespace

TrackingOptions options_before(Oid relation) {
    TrackingOptions options;
    options.identity = replica_identity::read(relation, &options.identity_index);
    return options;
}

bool are_names_free(Oid relation) {
    return find_foreign(relation) == nullptr;
}

void require_own_names(Oid relation) {
    if (const char *name = find_foreign(relation))
        ereport(ERROR,
                (errcode(ERRCODE_DUPLICATE_OBJECT),
                 errmsg("cannot track relation \"%s\"", names::unquoted(relation)),
                 errdetail("Its trigger \"%s\" calls another function than bemi.emit_context().", name),
                 errhint("Use ALTER TRIGGER %s ON %s RENAME TO ... first.", quote_identifier(name),
                         names::qualified(relation))));
}

bool has_own(Oid relation) {
    const Oid function = emit_function();
    bool found = false;
    for_each_trigger(relation, [&](HeapTuple tuple, Relation) {
        found |= is_own_name(NameStr(trigger_of(tuple).tgname)) && trigger_of(tuple).tgfoid == function;
    });
    return found;
}

void install(Oid relation, const TrackingOptions &options) {
    as_superuser([&] {
        replica_identity::set_full(relation);
        create(relation, truncate_kind, list_arguments(options));
        if (options.chosen.level == Level::statement) {
            drop(relation, row_trigger);
            create(relation, statement_kind, list_requirement(options));
        } else {
            drop(relation, statement_trigger);
            if (holds_rows(relation))
                create(relation, row_kind, list_requirement(options));
        }
    });
    news::tracked_or_untracked(relation);
}

void uninstall(Oid relation, const TrackingOptions &options) {
    as_superuser([&] {
        for (const char *name : {row_trigger, statement_trigger, truncate_trigger})
            drop(relation, name);
        replica_identity::restore(relation, options.identity, options.identity_index);
    });
    news::tracked_or_untracked(relation);
}

} // namespace bemi::track::triggers
