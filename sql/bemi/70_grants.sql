-- Everybody may set a context, and read what is tracked, as pg_dump must when its role is not a superuser.
GRANT USAGE ON SCHEMA bemi TO PUBLIC;
GRANT SELECT ON bemi.tracked_schemas, bemi.tracked_tables, bemi.table_problems, bemi.tracking, bemi.shapes TO PUBLIC;
