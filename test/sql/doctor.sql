-- bemi.doctor(): what it returns, also where nothing may be written, and to whom.
\pset format unaligned
\pset null NULL
SELECT "check", ok, fix FROM bemi.doctor();

-- a row for each table that is faulty; what is printed mends it
CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."it's" (id int PRIMARY KEY);
CREATE TABLE event (id int) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
SELECT bemi.track_schema('"Odd Schema"', 'statement'), bemi.track('event');
DROP TRIGGER "~bemi_statement" ON "Odd Schema"."it's";
ALTER TABLE "Odd Schema"."it's" REPLICA IDENTITY DEFAULT;
ALTER TABLE event_1 DISABLE TRIGGER "~bemi_row";
ALTER TABLE event_1 SET UNLOGGED;
ALTER EVENT TRIGGER bemi_sql_drop DISABLE;
ALTER EVENT TRIGGER bemi_ddl_command_start DISABLE;
BEGIN READ ONLY;
SELECT * FROM bemi.doctor() WHERE NOT ok;
COMMIT;
SELECT fix FROM bemi.doctor() WHERE NOT ok \gexec
SELECT * FROM bemi.doctor() WHERE NOT ok;
SELECT evtname, evtenabled FROM pg_event_trigger WHERE evtname LIKE 'bemi%' ORDER BY evtname;
SELECT relation, level, root, by_schema, problems FROM bemi.tracked_tables ORDER BY relation::text;

-- only for the owner and whom he grants it to, who need nothing else, and cannot slip anything into it
CREATE ROLE regress_bemi_nobody;
CREATE SCHEMA trap AUTHORIZATION regress_bemi_nobody;
SET ROLE regress_bemi_nobody;
SELECT * FROM bemi.doctor();
SELECT * FROM bemi.store_faults;
RESET ROLE;
GRANT EXECUTE ON FUNCTION bemi.doctor() TO regress_bemi_nobody;
SET ROLE regress_bemi_nobody;
CREATE FUNCTION trap.format(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap'; END $$;
CREATE FUNCTION trap.quote_ident(name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap'; END $$;
SET search_path = trap, pg_catalog;
SELECT "check", ok, fix FROM bemi.doctor() WHERE "check" IN ('wal_level', 'preload', 'tables', 'worker');
RESET search_path;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION bemi.doctor() FROM regress_bemi_nobody;
DROP SCHEMA trap CASCADE;
DROP ROLE regress_bemi_nobody;

SELECT bemi.untrack_schema('"Odd Schema"');
DROP TABLE event;
DROP SCHEMA "Odd Schema" CASCADE;
