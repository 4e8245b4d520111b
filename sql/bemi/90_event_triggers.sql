-- Event triggers, last: the script's own commands are none of their business.

CREATE FUNCTION bemi.on_ddl_command_start() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_on_ddl_command_start';
COMMENT ON FUNCTION bemi.on_ddl_command_start() IS
    'Has the worker drop the replication slot where the extension is dropped.';

CREATE FUNCTION bemi.on_create_trigger() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_create_trigger';
COMMENT ON FUNCTION bemi.on_create_trigger() IS
    'Has CREATE TRIGGER replace bemi''s triggers where they are already, so that a dump can be restored into a tracked schema.';

-- Without a SET clause, which would cost more than all the rest where there is nothing to do.
CREATE FUNCTION bemi.on_ddl_command_end() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_ddl_command_end';
COMMENT ON FUNCTION bemi.on_ddl_command_end() IS
    'Tracks tables that appear in a tracked schema, and follows partitions and children.';

CREATE FUNCTION bemi.on_sql_drop() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_sql_drop';
COMMENT ON FUNCTION bemi.on_sql_drop() IS 'Forgets schemas that are dropped.';

-- By its name, that of its schema or its owner.
CREATE EVENT TRIGGER bemi_ddl_command_start ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
    EXECUTE FUNCTION bemi.on_ddl_command_start();
ALTER EVENT TRIGGER bemi_ddl_command_start ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_ddl_command_end ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SCHEMA', 'ALTER TABLE', 'ALTER SCHEMA')
    EXECUTE FUNCTION bemi.on_ddl_command_end();
ALTER EVENT TRIGGER bemi_ddl_command_end ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_create_trigger ON ddl_command_start WHEN TAG IN ('CREATE TRIGGER')
    EXECUTE FUNCTION bemi.on_create_trigger();
ALTER EVENT TRIGGER bemi_create_trigger ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_sql_drop ON sql_drop WHEN TAG IN ('DROP SCHEMA', 'DROP OWNED', 'DROP EXTENSION')
    EXECUTE FUNCTION bemi.on_sql_drop();
ALTER EVENT TRIGGER bemi_sql_drop ENABLE ALWAYS;
