-- The event triggers come last, so that they do not fire for the script's own commands.

CREATE FUNCTION bemi.on_ddl_command_start() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_on_ddl_command_start';
COMMENT ON FUNCTION bemi.on_ddl_command_start() IS
    'Internal: has the worker drop its replication slot if the extension is dropped.';

CREATE FUNCTION bemi.on_create_trigger() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_create_trigger';
COMMENT ON FUNCTION bemi.on_create_trigger() IS
    'Internal: lets CREATE TRIGGER replace the triggers of bemi, so that a dump can be restored into a tracked schema.';

-- It has no SET clause: if there is nothing to do, that would cost more than all the rest.
CREATE FUNCTION bemi.on_ddl_command_end() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_ddl_command_end';
COMMENT ON FUNCTION bemi.on_ddl_command_end() IS
    'Internal: tracks tables that are created in a tracked schema, and follows partitions and children of tracked tables.';

CREATE FUNCTION bemi.on_sql_drop() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_sql_drop';
COMMENT ON FUNCTION bemi.on_sql_drop() IS 'Internal: ends the tracking of schemas that are dropped.';

-- The functions that only tell the worker that a table may not be as it was.
CREATE FUNCTION bemi.on_drop_table() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_drop_table';
COMMENT ON FUNCTION bemi.on_drop_table() IS 'Internal: ends the rows of bemi.tracking for tables that are dropped.';
CREATE FUNCTION bemi.on_table_rewrite() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_table_rewrite';
COMMENT ON FUNCTION bemi.on_table_rewrite() IS
    'Internal: ends the rows of bemi.tracking for tables in which ALTER TABLE ... TYPE converts values.';

-- Each of these commands can drop the extension.
CREATE EVENT TRIGGER bemi_ddl_command_start ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
    EXECUTE FUNCTION bemi.on_ddl_command_start();
ALTER EVENT TRIGGER bemi_ddl_command_start ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_ddl_command_end ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SCHEMA', 'ALTER TABLE', 'ALTER SCHEMA',
                 'CREATE TRIGGER', 'ALTER TRIGGER', 'DROP TRIGGER')
    EXECUTE FUNCTION bemi.on_ddl_command_end();
ALTER EVENT TRIGGER bemi_ddl_command_end ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_create_trigger ON ddl_command_start WHEN TAG IN ('CREATE TRIGGER')
    EXECUTE FUNCTION bemi.on_create_trigger();
ALTER EVENT TRIGGER bemi_create_trigger ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_sql_drop ON sql_drop WHEN TAG IN ('DROP SCHEMA', 'DROP OWNED', 'DROP EXTENSION')
    EXECUTE FUNCTION bemi.on_sql_drop();
ALTER EVENT TRIGGER bemi_sql_drop ENABLE ALWAYS;
-- Each of these commands can drop tables.
CREATE EVENT TRIGGER bemi_drop_table ON sql_drop
    WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP EXTENSION', 'DROP TYPE')
    EXECUTE FUNCTION bemi.on_drop_table();
ALTER EVENT TRIGGER bemi_drop_table ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_table_rewrite ON table_rewrite EXECUTE FUNCTION bemi.on_table_rewrite();
ALTER EVENT TRIGGER bemi_table_rewrite ENABLE ALWAYS;

COMMENT ON EVENT TRIGGER bemi_ddl_command_start IS 'Has the worker drop its replication slot if the extension is dropped.';
COMMENT ON EVENT TRIGGER bemi_ddl_command_end IS
    'Tracks tables that are created in a tracked schema, and follows partitions and children of tracked tables.';
COMMENT ON EVENT TRIGGER bemi_create_trigger IS
    'Lets CREATE TRIGGER replace the triggers of bemi, so that a dump can be restored into a tracked schema.';
COMMENT ON EVENT TRIGGER bemi_sql_drop IS 'Ends the tracking of schemas that are dropped.';
COMMENT ON EVENT TRIGGER bemi_drop_table IS 'Ends the rows of bemi.tracking for tables that are dropped.';
COMMENT ON EVENT TRIGGER bemi_table_rewrite IS
    'Ends the rows of bemi.tracking for tables in which ALTER TABLE ... TYPE converts values.';
