-- The option retention of tracked tables and schemas.
CREATE EXTENSION IF NOT EXISTS bemi;
SET client_min_messages = warning;
CREATE SCHEMA retention;
SET search_path = retention;
SET IntervalStyle = 'sql_standard';
CREATE TABLE t (id int PRIMARY KEY);
CREATE VIEW retained AS SELECT relation, level, retention, problems FROM bemi.tracked_tables WHERE relation::text !~ '\.' ORDER BY relation::text;
SELECT bemi.track('t', retention => '90 days');
TABLE retained;
-- Options that are not given stay.
SELECT bemi.track('t', 'statement');
SELECT bemi.track('t', 'row', retention => NULL);
TABLE retained;
SELECT bemi.track('t', retention => '1 year 2 months 3 days 04:05:06.789');
TABLE retained;
SELECT tgname, encode(tgargs, 'escape') FROM pg_trigger WHERE tgrelid = 't'::regclass ORDER BY tgname COLLATE "C";
-- 0 takes it away.
SELECT bemi.track('t', retention => '0');
TABLE retained;
-- Errors.
SELECT bemi.track('t', retention => '-1 day');
SELECT bemi.track('t', retention => '1 month -1 day');
SELECT bemi.track('t', retention => 'soon');
SELECT bemi.track('t', retention => '900 years');
SELECT bemi.track('t', retention => '2000000000 days');
-- Partitions have it too.
CREATE TABLE p (id int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
SELECT bemi.track('p', retention => '7 days');
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
TABLE retained;
-- A schema, with tables to come, and a table with its own.
SELECT bemi.untrack('p'), bemi.untrack('t');
SELECT bemi.track('t', retention => '1 day');
SELECT bemi.track_schema('retention', retention => '30 days');
CREATE TABLE later (id int);
TABLE retained;
SELECT schema, retention FROM bemi.tracked_schemas;
SELECT bemi.track_schema('retention', 'statement');
TABLE retained;
SELECT bemi.track_schema('retention', retention => '0');
TABLE retained;
CALL bemi.track_each('retention', 'row', retention => '2 mons');
TABLE retained;
CALL bemi.track_each('retention', retention => '0');
SELECT schema, retention FROM bemi.tracked_schemas;
-- What somebody has written into the arguments of a trigger is no error.
DROP TRIGGER "~bemi_truncate" ON later;
CREATE TRIGGER "~bemi_truncate" BEFORE TRUNCATE ON later EXECUTE FUNCTION bemi.emit_context('level=row', 'retention=P99999M', 'retention=PT1..2S', 'retention=', 'retention=P', 'retention=P1D1M');
SELECT relation, retention, problems FROM retained WHERE relation = 'later'::regclass;
DROP TRIGGER "~bemi_truncate" ON later;
CREATE TRIGGER "~bemi_truncate" BEFORE TRUNCATE ON later EXECUTE FUNCTION bemi.emit_context('level=row', 'retention=PT90.5S');
SELECT relation, retention FROM retained WHERE relation = 'later'::regclass;
SELECT bemi.untrack_schema('retention');
SET search_path = public;
DROP SCHEMA retention CASCADE;
