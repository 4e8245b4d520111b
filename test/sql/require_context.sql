-- bemi.require_context and the option of a tracked table: a write without a context gets a WARNING or an ERROR.
\t on
\pset format unaligned
SELECT current_user AS superuser \gset
CREATE TABLE todo (id int PRIMARY KEY, task text);
CREATE TABLE bulk (id int);
CREATE TABLE untracked (id int);
CREATE TABLE event (id int) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (5);
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (5) TO (10);
SELECT bemi.track('todo'), bemi.track('bulk', 'statement'), bemi.track('event');

-- By default nothing is required
SHOW bemi.require_context;
SHOW bemi.required_keys;
INSERT INTO todo VALUES (1, 'x');

-- A WARNING for each statement, however many rows, tables and calls it has
SET bemi.require_context = warning;
INSERT INTO todo SELECT i, 'many' FROM generate_series(2, 100) i;
UPDATE todo SET task = 'y';
\set VERBOSITY terse
DELETE FROM todo WHERE id > 50;
DELETE FROM todo WHERE id > 50; -- no row
INSERT INTO todo VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET task = 'upsert';
INSERT INTO bulk SELECT generate_series(1, 3);
DELETE FROM bulk WHERE id > 100; -- no row, but level statement
INSERT INTO event SELECT i % 10 FROM generate_series(1, 100) i;
WITH a AS (INSERT INTO todo VALUES (101, 'x')), b AS (INSERT INTO bulk VALUES (4)) INSERT INTO event VALUES (1);
TRUNCATE event;
TRUNCATE bulk, todo;
COPY todo FROM STDIN;
1	a
2	b
\.
INSERT INTO todo VALUES (3, 'x')\; UPDATE todo SET task = 'a statement' WHERE id = 3;
DO $$ BEGIN FOR i IN 10..20 LOOP INSERT INTO todo VALUES (i, 'loop'); END LOOP; END $$;
CREATE PROCEDURE in_steps() LANGUAGE plpgsql AS $$ BEGIN FOR i IN 21..23 LOOP INSERT INTO todo VALUES (i, 'step'); COMMIT; END LOOP; END $$;
CALL in_steps();
PREPARE p AS UPDATE todo SET task = 'prepared' WHERE id = 1;
EXECUTE p;
EXECUTE p;
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) UPDATE todo SET task = 'explain' WHERE id = 1 \g /dev/null
-- cascades, and deferred triggers
CREATE TABLE item (todo_id int REFERENCES todo ON DELETE CASCADE);
SELECT bemi.track('item');
INSERT INTO item SELECT i FROM generate_series(10, 20) i /*Bemi {"n": 1} Bemi*/;
DELETE FROM todo WHERE id >= 10;
CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO bulk VALUES (NEW.id); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER note_it AFTER INSERT ON todo DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_it();
BEGIN;
INSERT INTO todo SELECT i, 'deferred' FROM generate_series(30, 33) i /*Bemi {"n": 1} Bemi*/;
COMMIT;
BEGIN;
INSERT INTO todo SELECT i, 'deferred' FROM generate_series(34, 37) i;
COMMIT;
DROP TRIGGER note_it ON todo;
-- nothing is said of tables that are not tracked, nor where there is a context
INSERT INTO untracked VALUES (1);
INSERT INTO todo VALUES (40, 'comment') /*Bemi {"n": 1} Bemi*/;
SET bemi.context = '{"user_id": 7}';
INSERT INTO todo VALUES (41, 'session');
RESET bemi.context;
BEGIN;
SELECT bemi.set_context('{"user_id": 7}');
INSERT INTO todo VALUES (42, 'set_context()');
SELECT bemi.clear_context();
INSERT INTO todo VALUES (43, 'cleared');
COMMIT;
SET bemi.sqlcommenter = '*';
INSERT INTO todo VALUES (44, 'tags') /*controller='todos'*/;
RESET bemi.sqlcommenter;
-- {} is none, and so are facts
INSERT INTO todo VALUES (45, 'empty') /*Bemi {} Bemi*/;
SET bemi.capture = 'sql, user';
INSERT INTO todo VALUES (46, 'facts') /*Bemi {"pg": {"user": "forged"}} Bemi*/;
RESET bemi.capture;
-- one that a BEFORE trigger sets is in time
CREATE FUNCTION set_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM bemi.set_context('{"by": "trigger"}', true); RETURN NEW; END $$;
CREATE TRIGGER set_it BEFORE INSERT ON todo FOR EACH ROW EXECUTE FUNCTION set_it();
INSERT INTO todo VALUES (47, 'trigger');
DROP TRIGGER set_it ON todo;

-- An ERROR, and nothing is written
SET bemi.require_context = error;
\set VERBOSITY default
INSERT INTO todo VALUES (50, 'x');
\echo :SQLSTATE
\set VERBOSITY terse
UPDATE bulk SET id = 0;
TRUNCATE todo CASCADE;
COPY todo FROM STDIN;
51	x
\.
DELETE FROM todo WHERE id > 100; -- no row
DO $$
BEGIN
    UPDATE todo SET task = 'a';
EXCEPTION WHEN insufficient_privilege THEN
    PERFORM bemi.set_context('{"retried": true}', true);
    UPDATE todo SET task = 'b' WHERE id = 1;
END
$$;
BEGIN;
INSERT INTO todo VALUES (52, 'half') /*Bemi {"n": 1} Bemi*/;
INSERT INTO todo VALUES (53, 'way');
COMMIT;
-- half-way in a statement
CREATE FUNCTION clear_at(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF i = 3 THEN PERFORM bemi.clear_context(true); END IF; RETURN i; END $$;
BEGIN;
SELECT bemi.set_context('{"user_id": 7}');
UPDATE todo SET task = clear_at(id)::text WHERE id <= 3;
ROLLBACK;
SELECT id, task FROM todo WHERE id IN (1, 50, 51, 52, 53) ORDER BY id;
INSERT INTO todo VALUES (54, 'x') /*Bemi {"n": 1} Bemi*/;
DELETE FROM todo WHERE id = 54 /*Bemi {"n": 1} Bemi*/;

-- Keys that the context must have
SET bemi.required_keys = 'user_id, "Request Id"';
INSERT INTO todo VALUES (60, 'none');
INSERT INTO todo VALUES (60, 'neither') /*Bemi {"other": 1} Bemi*/;
\set VERBOSITY default
INSERT INTO todo VALUES (60, 'one') /*Bemi {"user_id": 1} Bemi*/;
\set VERBOSITY terse
INSERT INTO todo VALUES (60, 'nested') /*Bemi {"x": {"user_id": 1}, "request id": 1, "Request Id": 1} Bemi*/;
INSERT INTO todo VALUES (61, 'both') /*Bemi {"\u0075ser_id": null, "Request Id": 0} Bemi*/;
SET bemi.context = '{"user_id": 7}';
INSERT INTO todo VALUES (62, 'both') /*Bemi {"Request Id": ""} Bemi*/;
INSERT INTO todo VALUES (63, 'pg is not the client''s') /*Bemi {"Request Id": "", "pg": {}} Bemi*/;
SET bemi.required_keys = 'pg';
INSERT INTO todo VALUES (64, 'pg is not the client''s') /*Bemi {"pg": {}} Bemi*/;
SET bemi.require_context = warning;
UPDATE todo SET task = 'warned';
RESET bemi.context;
\set VERBOSITY default
SET bemi.required_keys = 'a,';
\set VERBOSITY terse
RESET bemi.required_keys;

-- Exempt: where bemi is off, and what comes from another server
SET bemi.require_context = error;
SET bemi.enabled = off;
INSERT INTO todo VALUES (70, 'off');
RESET bemi.enabled;
SELECT FROM pg_replication_origin_create('regress_bemi');
SELECT FROM pg_replication_origin_session_setup('regress_bemi');
INSERT INTO todo VALUES (71, 'applied');
SELECT FROM pg_replication_origin_session_reset();
INSERT INTO todo VALUES (72, 'by a client');
SELECT FROM pg_replication_origin_drop('regress_bemi');
-- session_replication_role does not matter: bemi's triggers fire always
SET session_replication_role = replica;
INSERT INTO todo VALUES (73, 'replica');
RESET session_replication_role;
RESET bemi.require_context;

-- An option of the table: the stricter of both counts
SELECT bemi.track('todo', require_context => 'warning'), bemi.track('bulk', require_context => 'error');
SELECT relation, level, require_context, problems FROM bemi.tracked_tables ORDER BY relation::text;
\set VERBOSITY default
INSERT INTO todo VALUES (80, 'x');
INSERT INTO bulk VALUES (80);
INSERT INTO event VALUES (8);
TRUNCATE bulk;
SET bemi.require_context = error;
INSERT INTO todo VALUES (81, 'x');
SET bemi.require_context = warning;
INSERT INTO todo VALUES (82, 'x');
INSERT INTO bulk VALUES (82);
RESET bemi.require_context;
SET bemi.required_keys = 'user_id';
INSERT INTO bulk VALUES (83) /*Bemi {"n": 1} Bemi*/;
INSERT INTO bulk VALUES (84) /*Bemi {"user_id": 1} Bemi*/;
RESET bemi.required_keys;
\set VERBOSITY terse
-- a statement that writes to a table of level 'statement' has one context, that of its start
CREATE FUNCTION late(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM bemi.set_context('{"late": true}', true); RETURN i; END $$;
SELECT bemi.track('bulk', require_context => 'off'), bemi.track('todo', require_context => 'error');
WITH a AS (INSERT INTO todo SELECT late(200) RETURNING id) INSERT INTO bulk SELECT id FROM a;
WITH a AS (INSERT INTO todo SELECT late(201) RETURNING id) INSERT INTO bulk SELECT id FROM a /*Bemi {"early": true} Bemi*/;
SELECT bemi.track('bulk', require_context => 'error'), bemi.track('todo', require_context => 'warning');
-- it stays when another option changes, in partitions and children as well
SELECT bemi.track('bulk', 'row'), bemi.track('event', require_context => 'error'), bemi.track('todo');
CREATE TABLE event_3 PARTITION OF event FOR VALUES FROM (10) TO (20);
SELECT relation, level, require_context FROM bemi.tracked_tables ORDER BY relation::text;
INSERT INTO bulk VALUES (85);
INSERT INTO event VALUES (15);
INSERT INTO event_1 VALUES (1);
INSERT INTO event_1 VALUES (1) /*Bemi {"n": 1} Bemi*/;
ALTER TABLE event DETACH PARTITION event_3;
SELECT bemi.track('bulk', require_context => 'off'), bemi.track('event', require_context => 'off'), bemi.track('todo', require_context => 'off');
SELECT relation, require_context FROM bemi.tracked_tables WHERE require_context <> 'off';
SELECT tgrelid::regclass, tgname, encode(tgargs, 'escape') FROM pg_trigger WHERE tgname ~ '^~bemi' AND tgargs ~~ '%require%'::bytea;
INSERT INTO bulk VALUES (86);
SELECT bemi.track('todo', require_context => 'Error');
\echo :SQLSTATE
SELECT bemi.track('event_1', require_context => 'error');
-- triggers that a hand has changed
SELECT bemi.track('todo', require_context => 'error');
DROP TRIGGER "~bemi_row" ON todo;
CREATE TRIGGER "~bemi_row" BEFORE INSERT OR UPDATE OR DELETE ON todo FOR EACH ROW EXECUTE FUNCTION bemi.emit_context('require_context=none', 'odd');
ALTER TABLE todo ENABLE ALWAYS TRIGGER "~bemi_row";
INSERT INTO todo VALUES (87, 'x');
SELECT problem, fix FROM bemi.table_problems;
SELECT bemi.track('todo');
INSERT INTO todo VALUES (88, 'x');
SELECT problem FROM bemi.table_problems;

-- A schema: its tables, and those to come
CREATE SCHEMA app;
CREATE TABLE app.a (id int);
CREATE TABLE app.named (id int);
SELECT bemi.track('app.named', require_context => 'warning');
SELECT bemi.track_schema('app', require_context => 'error');
CREATE TABLE app.b (id int);
INSERT INTO app.b VALUES (1);
SELECT bemi.track_schema('app', 'statement');
CREATE TABLE app.c (id int);
ALTER SCHEMA app RENAME TO renamed;
CREATE TABLE renamed.d (id int);
SELECT schema, level, require_context FROM bemi.tracked_schemas;
SELECT relation, level, require_context, by_schema FROM bemi.tracked_tables WHERE relation::text ~ 'renamed' ORDER BY relation::text;
CALL bemi.track_each('renamed', require_context => 'warning');
SELECT schema, level, require_context FROM bemi.tracked_schemas;
SELECT relation, level, require_context, by_schema FROM bemi.tracked_tables WHERE relation::text ~ 'renamed' ORDER BY relation::text;
SELECT bemi.track('renamed.d', level => 'row');
SELECT bemi.untrack('renamed.c');
SELECT bemi.track('renamed.c');
SELECT relation, level, require_context, by_schema FROM bemi.tracked_tables WHERE relation::text ~ 'renamed' ORDER BY relation::text;
SELECT bemi.track_schema('renamed', require_context => 'sometimes');
CALL bemi.untrack_each('renamed');
DROP SCHEMA renamed CASCADE;

-- Only a superuser sets them, for a role or database too
CREATE ROLE regress_bemi_user;
GRANT INSERT ON todo TO regress_bemi_user;
SET ROLE regress_bemi_user;
SET bemi.require_context = off;
SET bemi.required_keys = '';
INSERT INTO todo VALUES (90, 'x');
RESET ROLE;
SELECT bemi.track('todo', require_context => 'off');
SET bemi.require_context = 'sometimes';
ALTER ROLE regress_bemi_user SET bemi.require_context = error;
ALTER ROLE regress_bemi_user LOGIN;
\c - regress_bemi_user
INSERT INTO todo VALUES (91, 'x');
INSERT INTO todo VALUES (92, 'x') /*Bemi {"n": 1} Bemi*/;
\c - :superuser
DROP OWNED BY regress_bemi_user;
DROP ROLE regress_bemi_user;
DROP PROCEDURE in_steps();
DROP FUNCTION clear_at(int), late(int), note_it(), set_it();
DROP TABLE item, todo, bulk, untracked, event, event_3;
