-- A database as pg_regress makes it, and in it a note of the tables that are made with their rows in them: those rows are
-- written before anything can track the table. (Materialized views are none.)
ALTER DATABASE :"database" SET lc_messages TO 'C';
ALTER DATABASE :"database" SET lc_monetary TO 'C';
ALTER DATABASE :"database" SET lc_numeric TO 'C';
ALTER DATABASE :"database" SET lc_time TO 'C';
ALTER DATABASE :"database" SET bytea_output TO 'hex';
ALTER DATABASE :"database" SET timezone_abbreviations TO 'Default';

CREATE SCHEMA witness;
CREATE TABLE witness.made_with_rows (transaction_id bigint, relation text, kind "char");
CREATE FUNCTION witness.note_table() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO witness.made_with_rows
    SELECT pg_current_xact_id()::text::bigint, c.relname, c.relkind
    FROM pg_event_trigger_ddl_commands() e
    JOIN pg_class c ON c.oid = e.objid
    WHERE e.classid = 'pg_class'::regclass AND c.relpersistence = 'p';
END
$$;
CREATE EVENT TRIGGER witness ON ddl_command_end WHEN tag IN ('CREATE TABLE AS', 'SELECT INTO', 'CREATE MATERIALIZED VIEW')
    EXECUTE FUNCTION witness.note_table();
