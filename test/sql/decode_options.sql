-- The options of the output plugin.
\pset format unaligned
SET synchronous_commit = on;
SET client_min_messages = warning;
CREATE SCHEMA decode_options;
CREATE SCHEMA "decode.options, *";
SET search_path = decode_options;
SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('decode_options', 'bemi');

-- What the slot has, short, and without what differs from run to run. The options replace the defaults given here.
CREATE FUNCTION lines(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', change->>'sequence', change->>'operation', change->>'schema', change->>'table', coalesce(nullif(change->>'after', '{}'), change->>'before'),
                     change->>'prefix', change->>'content', change->>'transactional', nullif(change->>'context', '{}'))
    FROM (SELECT data::json AS change FROM pg_logical_slot_peek_changes('decode_options', NULL, NULL, VARIADIC array['include-tables', 'decode*.*'] || options)) c
$$;

CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY);
CREATE TABLE "decode.options, *"."a" (id int PRIMARY KEY);
CREATE TABLE "decode.options, *"."x.y" (id int PRIMARY KEY);
CREATE TABLE "decode.options, *"."*" (id int PRIMARY KEY);
BEGIN;
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES (3);
UPDATE a SET id = 4 WHERE id = 1;
SELECT pg_logical_emit_message(true, 'audit', 'text') IS NOT NULL AS sent;
DELETE FROM a WHERE id = 4;
INSERT INTO "decode.options, *"."a" VALUES (5);
INSERT INTO "decode.options, *"."x.y" VALUES (6);
INSERT INTO "decode.options, *"."*" VALUES (7);
TRUNCATE a, b;
COMMIT;
BEGIN;
CREATE TABLE c (id int);
ROLLBACK;
INSERT INTO b VALUES (8);
SELECT * FROM lines();

-- Filters: the sequence counts what they leave out
SELECT * FROM lines('include-tables', 'decode_options.a');
SELECT * FROM lines('include-tables', 'decode_options.a, *.b');
SELECT * FROM lines('include-tables', 'decode*.a');
SELECT * FROM lines('include-tables', 'decode\.options\,\ \*.*');
SELECT * FROM lines('include-tables', '*.x\.y, *.\*');
SELECT * FROM lines('exclude-tables', 'decode_options.*');
SELECT * FROM lines('exclude-tables', '*.*');
SELECT * FROM lines('include-tables', 'decode_options.*', 'exclude-tables', '*.a');
SELECT * FROM lines('include-tables', 'nowhere.a');
SELECT * FROM lines('include-tables', 'DECODE_OPTIONS.a');
SELECT * FROM lines('operations', 'create');
SELECT * FROM lines('operations', 'UPDATE, delete');
SELECT * FROM lines('operations', 'truncate', 'include-tables', '*.b');

-- Bounds of transactions that are not empty
SELECT regexp_replace(replace(data, current_database(), 'here'), ':("[0-9a-f-]{36}"|"[0-9TZ:.-]{10,}"|[0-9]+)', ':...', 'g') AS line
FROM pg_logical_slot_peek_changes('decode_options', NULL, NULL, 'include-tables', '*.b', 'transactions', 'on', 'operations', 'create');
SELECT * FROM lines('transactions', 'on', 'include-tables', 'nowhere.a');
SELECT * FROM lines('transactions', 'off', 'operations', 'truncate');

-- Messages
SELECT pg_logical_emit_message(true, 'audit.2', E'line\nbreak "quoted" \\') IS NOT NULL AS sent;
SELECT pg_logical_emit_message(false, 'audit', '') IS NOT NULL AS sent;
SELECT pg_logical_emit_message(true, 'binary', '\x00ff'::bytea) IS NOT NULL AS sent;
SELECT pg_logical_emit_message(true, 'binary', '\xc328'::bytea) IS NOT NULL AS sent;
SELECT pg_logical_emit_message(true, 'utf-8', 'é€😀') IS NOT NULL AS sent;
BEGIN;
SELECT pg_logical_emit_message(true, '_bemi', '{"user_id":1}') IS NOT NULL AS sent;
SELECT pg_logical_emit_message(true, 'odd "prefix"', 'in a context') IS NOT NULL AS sent;
SELECT pg_logical_emit_message(false, 'audit', 'not in it') IS NOT NULL AS sent;
SELECT pg_logical_emit_message(false, '_bemi', '{"user_id":2}') IS NOT NULL AS sent;
INSERT INTO a VALUES (9);
COMMIT;
SELECT * FROM lines('messages', 'audit', 'exclude-tables', '*.*');
SELECT * FROM lines('messages', 'audit*,binary', 'exclude-tables', '*.*');
SELECT * FROM lines('messages', '*', 'exclude-tables', '*.*');
SELECT * FROM lines('messages', '_bemi', 'exclude-tables', '*.*');
SELECT * FROM lines('messages', '', 'exclude-tables', '*.*');
SELECT regexp_replace(replace(data, current_database(), 'here'), ':("[0-9a-f-]{36}"|"[0-9TZ:.-]{10,}"|[0-9]+)', ':...', 'g') AS line
FROM pg_logical_slot_peek_changes('decode_options', NULL, NULL, 'exclude-tables', '*.*', 'messages', 'odd*,audit', 'transactions', 'on') OFFSET 5;

-- Only what is tracked, as it was at the time
CREATE EXTENSION IF NOT EXISTS bemi;
CREATE TABLE tracked_later (id int PRIMARY KEY);
INSERT INTO tracked_later VALUES (10);
SELECT bemi.track('tracked_later');
INSERT INTO tracked_later VALUES (11);
BEGIN;
INSERT INTO tracked_later VALUES (12);
SELECT bemi.untrack('tracked_later');
INSERT INTO tracked_later VALUES (13);
COMMIT;
INSERT INTO tracked_later VALUES (14);
CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
SELECT bemi.track('parts');
CREATE TABLE part_2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts VALUES (1), (2);
SELECT * FROM lines('tracked-only', 'on');
SELECT * FROM lines('tracked-only', 'on', 'exclude-tables', '*.part_1', 'operations', 'create');
SELECT count(*) > 15 AS more FROM lines('tracked-only', 'off');
-- bemi's own tables never appear
SELECT count(*) FROM lines('include-tables', 'bemi.*');

-- Bad options
\set SHOW_CONTEXT never
SELECT * FROM lines('no-such-option', 'x');
SELECT * FROM lines('FORMAT', 'bemi');
SELECT * FROM lines('format', 'xml');
SELECT * FROM lines('format', 'bemi ');
SELECT * FROM lines('operations', 'insert');
SELECT * FROM lines('operations', '');
SELECT * FROM lines('operations', 'create,');
SELECT * FROM lines('tracked-only', 'maybe');
SELECT * FROM lines('transactions', '');
SELECT * FROM lines('include-tables', 'a');
SELECT * FROM lines('include-tables', 'a.b.c');
SELECT * FROM lines('include-tables', 'a.b,,c.d');
SELECT * FROM lines('include-tables', '.a');
SELECT * FROM lines('include-tables', 'a.b\');
SELECT * FROM lines('exclude-tables', '*');
SELECT * FROM lines('messages', 'a,');
SELECT * FROM lines(repeat('long', 1000), 'x');
-- the last one wins
SELECT * FROM lines('operations', 'update', 'operations', 'truncate');
-- a slot is made without options, and reading goes on after an error
SELECT count(*) > 15 AS still_there FROM lines();

-- materialized views are no tables: their rows, and what refreshing does to them, have lines in format wal2json only
CREATE MATERIALIZED VIEW m AS SELECT id FROM a WITH NO DATA; -- some versions write the rows of others as changes
REFRESH MATERIALIZED VIEW m;
CREATE UNIQUE INDEX ON m (id);
ALTER MATERIALIZED VIEW m REPLICA IDENTITY FULL;
INSERT INTO a VALUES (100);
REFRESH MATERIALIZED VIEW CONCURRENTLY m;
REFRESH MATERIALIZED VIEW m;
SELECT * FROM lines('include-tables', '*.m');
SELECT data::json ->> 'action' AS action, data::json -> 'columns' AS columns
FROM pg_logical_slot_peek_changes('decode_options', NULL, NULL, 'format', 'wal2json', 'format-version', '2', 'add-tables', '*.m',
                                  'include-transaction', 'off', 'include-types', 'off', 'add-msg-prefixes', 'none');

SET client_min_messages = error;
SELECT bemi.untrack('parts');
DROP SCHEMA decode_options, "decode.options, *" CASCADE;
SELECT pg_drop_replication_slot('decode_options');
