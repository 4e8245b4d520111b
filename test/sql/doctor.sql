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
-- no setting of the session changes that
CREATE TABLE regress_faults AS SELECT row_number() OVER () AS n, d.* FROM bemi.doctor() d;
BEGIN;
SET LOCAL quote_all_identifiers = on;
SET LOCAL search_path = pg_temp;
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL IntervalStyle = iso_8601;
SET LOCAL TimeZone = 'Asia/Kolkata';
SET LOCAL bytea_output = escape;
SET LOCAL extra_float_digits = -15;
SET LOCAL lc_numeric = 'C';
SET LOCAL row_security = off;
SET LOCAL standard_conforming_strings = off;
SET LOCAL transform_null_equals = on;
SET LOCAL array_nulls = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = off;
SET LOCAL enable_indexscan = off;
SET LOCAL join_collapse_limit = 1;
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL plpgsql.variable_conflict = use_variable;
SET LOCAL plpgsql.extra_errors = 'all';
SET LOCAL default_transaction_read_only = on;
SELECT count(*) FROM (SELECT row_number() OVER () AS n, d.* FROM bemi.doctor() d EXCEPT TABLE public.regress_faults) AS other;
SELECT count(*) FROM (TABLE public.regress_faults EXCEPT SELECT row_number() OVER () AS n, d.* FROM bemi.doctor() d) AS other;
ROLLBACK;
DROP TABLE regress_faults;
\o /dev/null
SELECT fix FROM bemi.doctor() WHERE NOT ok \gexec
\o
SELECT * FROM bemi.doctor() WHERE NOT ok;
SELECT evtname, evtenabled FROM pg_event_trigger WHERE evtname LIKE 'bemi%' ORDER BY evtname;
SELECT relation, level, root, by_schema, problems FROM bemi.tracked_tables ORDER BY relation::text;

-- only for the owner and whom he grants it to, who need nothing else, and cannot slip anything into it
CREATE ROLE regress_bemi_nobody;
CREATE SCHEMA trap AUTHORIZATION regress_bemi_nobody;
SET ROLE regress_bemi_nobody;
SELECT * FROM bemi.doctor();
SELECT * FROM bemi.store_faults();
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

-- errors: acknowledged, not deleted
INSERT INTO bemi.errors (id, commit_position, sequence, schema, "table", operation, committed_at, sqlstate, error, occurred_at)
SELECT gen_random_uuid(), n, 0, 's', 't', 'CREATE', now(), '22P05', 'no', timestamptz '2026-01-01 00:00:00.123456Z' + n * interval '1 h' FROM generate_series(1, 2) AS n;
SELECT severity, found, fix FROM bemi.doctor() WHERE "check" = 'errors';
SELECT errors FROM bemi.metrics;
SELECT bemi.acknowledge_errors('2026-01-01 01:30Z');
SELECT fix FROM bemi.doctor() WHERE "check" = 'errors' \gexec
SELECT ok FROM bemi.doctor() WHERE "check" = 'errors';
SELECT bemi.acknowledge_errors();
SELECT count(*), count(acknowledged_at), count(acknowledged_by) FROM bemi.errors;
DELETE FROM bemi.errors;

-- partitions that were made by hand: one row for all
CREATE TABLE part_1 PARTITION OF bemi.changes FOR VALUES FROM ('2001-01-01Z') TO ('2001-02-01Z');
CREATE TABLE part_2 PARTITION OF bemi.changes FOR VALUES FROM ('2001-02-01Z') TO ('2001-03-01Z');
SELECT severity, found FROM bemi.doctor() WHERE "check" = 'indexes';
SELECT fix FROM bemi.doctor() WHERE "check" = 'indexes' \gexec
SELECT ok FROM bemi.doctor() WHERE "check" = 'indexes';
DROP TABLE part_1, part_2;
