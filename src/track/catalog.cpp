#include "catalog.hpp"

#include "spi.hpp"

namespace bemi::catalog {
namespace {

Level level_column(int number) {
    return level_named(TextDatumGetCString(spi::value(number)));
}

void read(Tracked *tracked) {
    bool is_null;
    tracked->level = level_column(1);
    const Datum root = spi::value(2, &is_null);
    tracked->root = is_null ? InvalidOid : DatumGetObjectId(root);
    tracked->by_schema = DatumGetBool(spi::value(3));
    tracked->previous_identity = DatumGetChar(spi::value(4));
    const Datum index = spi::value(5, &is_null);
    namestrcpy(&tracked->previous_index, is_null ? "" : NameStr(*DatumGetName(index)));
}

} // namespace

bool find(Oid relation, Tracked *tracked) {
    tracked->relation = relation;
    SPI_connect();
    // A root that is none any more, because it was dropped or joined another one, does not count.
    spi::run(
        "SELECT t.level, r.relation, t.by_schema, t.previous_identity, t.previous_index FROM bemi.tracked t"
        " LEFT JOIN bemi.tracked r ON r.relation = t.root AND r.root IS NULL WHERE t.relation = $1",
        {spi::oid(relation)});
    const bool found = SPI_processed == 1;
    if (found)
        read(tracked);
    SPI_finish();
    return found;
}

void insert(const Tracked &tracked) {
    const char *index = NameStr(tracked.previous_index);
    spi::run_as_owner("INSERT INTO bemi.tracked"
                      " (relation, level, root, by_schema, previous_identity, previous_index)"
                      " VALUES ($1, $2, $3, $4, $5, $6::name)",
                      {spi::oid(tracked.relation), spi::text(level_name(tracked.level)),
                       spi::oid(tracked.root), spi::boolean(tracked.by_schema),
                       spi::character(tracked.previous_identity),
                       spi::text(index[0] == '\0' ? nullptr : index)});
}

void update(const Tracked &tracked) {
    spi::run_as_owner("UPDATE bemi.tracked SET level = $2, root = $3, by_schema = $4 WHERE relation = $1",
                      {spi::oid(tracked.relation), spi::text(level_name(tracked.level)),
                       spi::oid(tracked.root), spi::boolean(tracked.by_schema)});
}

void remove(Oid relation) {
    spi::run_as_owner("DELETE FROM bemi.tracked WHERE relation = $1", {spi::oid(relation)});
}

List *roots() {
    return spi::select_oids("SELECT relation FROM bemi.tracked WHERE root IS NULL ORDER BY relation");
}

List *members(Oid root) {
    return spi::select_oids("SELECT relation FROM bemi.tracked WHERE root = $1 ORDER BY relation",
                            {spi::oid(root)});
}

bool find_schema(Oid schema, Level *level) {
    SPI_connect();
    spi::run("SELECT level FROM bemi.tracked_schemas WHERE schema = $1::name",
             {spi::text(get_namespace_name(schema))});
    const bool found = SPI_processed == 1;
    if (found)
        *level = level_column(1);
    SPI_finish();
    return found;
}

} // namespace bemi::catalog
