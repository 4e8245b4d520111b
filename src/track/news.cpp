#include "track/news.hpp"

#include "base/spi.hpp"
#include "table_message.hpp"
#include "track/catalog.hpp"
#include "track/relation.hpp"

namespace bemi::track::news {
namespace {

bool is_followed(Oid relation) {
    return OidIsValid(relation) &&
           (catalog::is_tracked(relation) ||
            (get_rel_relispartition(relation) && OidIsValid(catalog::root_of(relation))));
}

// A table was tracked if the trigger was dropped with it. Objects come in the reverse order of their
// deletion: a partitioned table before its partitions.
constexpr char any_dropped_sql[] = "SELECT FROM pg_catalog.pg_event_trigger_dropped_objects()"
                                   " WHERE object_type OPERATOR(pg_catalog.=) 'trigger'"
                                   "  AND address_names[3] OPERATOR(pg_catalog.=) '~bemi_truncate' LIMIT 1";
constexpr char dropped_sql[] =
    "WITH dropped AS MATERIALIZED ("
    "  SELECT * FROM pg_catalog.pg_event_trigger_dropped_objects() WITH ORDINALITY"
    "  WHERE object_type OPERATOR(pg_catalog.=) ANY ('{table,trigger}'::pg_catalog.text[]))"
    " SELECT t.objid FROM dropped t"
    " WHERE t.object_type OPERATOR(pg_catalog.=) 'table' AND EXISTS ("
    "  SELECT FROM dropped g WHERE g.object_type OPERATOR(pg_catalog.=) 'trigger'"
    "  AND g.address_names OPERATOR(pg_catalog.=)"
    "   ARRAY[t.schema_name, t.object_name, '~bemi_truncate'])"
    " ORDER BY t.ordinality";

void run(SPIPlanPtr &plan, const char *sql) {
    if (plan == nullptr)
        plan = spi::prepare(sql, {});
    spi::execute(plan, nullptr);
}

} // namespace

void altered(Oid relation) {
    if (is_followed(relation))
        table_message::write({relation, TableEvent::altered});
}

void tracked_or_untracked(Oid relation) {
    if (OidIsValid(relation))
        table_message::write({relation, TableEvent::altered});
}

void rewritten(Oid relation) {
    if (is_followed(relation))
        table_message::write({relation, TableEvent::rewritten});
}

void moved(Oid relation) {
    List *family = catalog::family_of(relation, NoLock);
    for (int i = 0; i < list_length(family); i++) {
        const Oid member = list_nth_oid(family, i);
        table_message::write(
            {member, relation::may_have_rows(member) ? TableEvent::moved_rows : TableEvent::altered});
    }
}

void dropped() {
    static constinit SPIPlanPtr any_plan = nullptr, plan = nullptr;
    SPI_connect();
    run(any_plan, any_dropped_sql); // this is faster, and mostly enough
    if (SPI_processed > 0) {
        run(plan, dropped_sql);
        for (uint64 row = 0; row < SPI_processed; row++)
            table_message::write({DatumGetObjectId(spi::value(1, row)), TableEvent::altered});
    }
    SPI_finish();
}

} // namespace bemi::track::news
