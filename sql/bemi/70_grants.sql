-- Everybody may set a context, and read what is tracked (pg_dump of a role that is no superuser does).
GRANT USAGE ON SCHEMA bemi TO PUBLIC;
GRANT SELECT ON bemi.tracked_schemas, bemi.tracked_tables, bemi.tracked_relations, bemi.untracked_relations,
    bemi.table_problems TO PUBLIC;
