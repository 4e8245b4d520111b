#include "track/follow.hpp"

#include "track/baseline.hpp"
#include "track/catalog.hpp"
#include "track/relation.hpp"
#include "track/schema_rules.hpp"
#include "track/triggers.hpp"

namespace bemi::track::follow {
namespace {

/// Locks the relation. False if it cannot be altered at once, or has triggers that are called as bemi's.
bool try_to_lock(Oid relation) {
    return relation::try_lock(relation) && triggers::are_names_free(relation);
}

/// Tracks the relation with these options, or changes its own, if it can be altered at once.
void track(Oid relation, const ChosenOptions &chosen, bool by_schema) {
    TrackingOptions options;
    const bool is_new = !catalog::find(relation, &options);
    if (!is_new && options.chosen == chosen && options.by_schema == by_schema)
        return;
    if (!try_to_lock(relation))
        return;
    if (is_new)
        options = triggers::options_before(relation);
    options.chosen = chosen;
    options.by_schema = by_schema;
    triggers::install(relation, options);
    if (is_new)
        baseline::request_if_filled(relation);
}

void track_family(Oid relation, size_t first, const ChosenOptions &chosen) {
    List *family = catalog::family_of(relation, NoLock);
    for (int i = static_cast<int>(first); i < list_length(family); i++)
        track(list_nth_oid(family, i), chosen, false);
}

/// Tracks the table by the rule of its schema, if the schema has a rule. A tracked table keeps its options.
void track_by_rule(Oid relation) {
    ChosenOptions rule;
    if (catalog::is_tracked(relation) || !schema_rules::find_for_table(relation, &rule))
        return;
    track(relation, rule, true);
    if (catalog::is_tracked(relation))
        track_family(relation, 1, rule);
}

/// Untracks a table that was tracked with its parent and has no tracked ancestor any more, unless the rule of
/// its schema applies to it.
void release(Oid relation) {
    TrackingOptions options;
    ChosenOptions rule;
    if (!catalog::find(relation, &options) || OidIsValid(catalog::root_of(relation)))
        return;
    if (schema_rules::find_for_table(relation, &rule))
        return track(relation, rule, true);
    if (try_to_lock(relation) && !relation::is_in_use(relation))
        triggers::uninstall(relation, options);
}

} // namespace

void came(Oid relation) {
    TrackingOptions options;
    const Oid root = catalog::root_of(relation);
    if (!OidIsValid(root))
        track_by_rule(relation);
    else if (catalog::find(root, &options))
        track_family(relation, 0, options.chosen);
}

void left(Oid relation, Oid parent) {
    if (!catalog::is_tracked(parent) && !OidIsValid(catalog::root_of(parent)))
        return;
    List *family = catalog::family_of(relation, NoLock);
    for (int i = 0; i < list_length(family); i++)
        release(list_nth_oid(family, i));
}

void became_logged(Oid relation) {
    const bool was_tracked = catalog::is_tracked(relation);
    came(relation);
    if (was_tracked)
        baseline::request_if_filled(relation);
}

} // namespace bemi::track::follow
