-- Statement level capture: the same meaning, one message a statement at most, no cost per row.
\t on
\pset format unaligned
CREATE TABLE todo (id int PRIMARY KEY, task text) WITH (autovacuum_enabled = off);
SELECT bemi.track('todo', 'statement');
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'todo'::regclass ORDER BY tgname;
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
\i test/sql/include/captured.sql

-- no context ever
INSERT INTO todo VALUES (1, 'a');
BEGIN;
UPDATE todo SET task = 'b';
DELETE FROM todo;
COMMIT;
SELECT * FROM captured();

-- every kind of statement
SET bemi.context = '{"n": 1}';
INSERT INTO todo VALUES (1, 'a'), (2, 'b');
UPDATE todo SET task = 'c';
DELETE FROM todo WHERE id = 2;
INSERT INTO todo VALUES (1, 'upsert'), (3, 'upsert') ON CONFLICT (id) DO UPDATE SET task = 'conflict';
COPY todo FROM STDIN;
4	copied
5	copied
\.
WITH gone AS (DELETE FROM todo WHERE id = 4 RETURNING *) INSERT INTO todo SELECT id + 10, task FROM gone;
INSERT INTO todo VALUES (6, 'by comment') /*Bemi {"n": 2} Bemi*/;
SELECT * FROM captured();

-- a bulk statement costs one message
INSERT INTO todo SELECT i, 'bulk' FROM generate_series(1001, 2000) i;
UPDATE todo SET task = 'bulk 2' WHERE id > 1000;
SELECT regexp_replace(captured, '\d{4}', 'N', 'g'), count(*) FROM captured() GROUP BY 1 ORDER BY 1;

-- the context is that of the statement, also where it is the same again, goes away, or changes within a transaction
BEGIN;
INSERT INTO todo VALUES (20, 'one');
INSERT INTO todo VALUES (21, 'one');
SET LOCAL bemi.context = '{"n": 2}';
UPDATE todo SET task = 'two' WHERE id = 20;
SET LOCAL bemi.context = '';
DELETE FROM todo WHERE id = 20;
DELETE FROM todo WHERE id = 21;
COMMIT;
-- savepoints
BEGIN;
SAVEPOINT a;
SET LOCAL bemi.context = '{"n": 2}';
INSERT INTO todo VALUES (30, 'rolled back');
ROLLBACK TO a;
INSERT INTO todo VALUES (31, 'one');
SAVEPOINT b;
SET LOCAL bemi.context = '{"n": 3}';
INSERT INTO todo VALUES (32, 'three');
RELEASE b;
INSERT INTO todo VALUES (33, 'three');
COMMIT;
DO $$
BEGIN
    INSERT INTO todo VALUES (40, 'one');
    BEGIN
        SET LOCAL bemi.context = '{"n": 2}';
        INSERT INTO todo VALUES (40, 'duplicate');
    EXCEPTION WHEN unique_violation THEN
        INSERT INTO todo VALUES (41, 'one');
    END;
    SET LOCAL bemi.context = '{"n": 3}';
    PERFORM bemi.current_context();
    INSERT INTO todo VALUES (42, 'three');
END
$$;
SELECT * FROM captured();
SET session_replication_role = replica;
INSERT INTO todo VALUES (50, 'replica');
RESET session_replication_role;
SELECT * FROM captured();
RESET bemi.context;

-- a view, a foreign key that cascades
CREATE VIEW simple AS SELECT * FROM todo;
CREATE TABLE item (id int PRIMARY KEY, todo_id int REFERENCES todo ON DELETE CASCADE ON UPDATE CASCADE);
SELECT bemi.track('item', 'statement');
SET bemi.context = '{"n": 1}';
INSERT INTO simple VALUES (60, 'view');
INSERT INTO item VALUES (1, 60);
SET bemi.context = '{"n": 2}';
UPDATE simple SET id = 61 WHERE id = 60;
SET bemi.context = '{"n": 3}';
DELETE FROM todo WHERE id = 61;
RESET bemi.context;
SELECT * FROM captured();
DROP TABLE item;
DROP VIEW simple;

-- Inheritance: written through the parent and directly
CREATE TABLE note (id int, body text);
CREATE TABLE long_note (pages int) INHERITS (note);
SELECT bemi.track('note', 'statement');
CREATE TABLE new_note () INHERITS (note);
SET bemi.context = '{"n": 1}';
INSERT INTO note VALUES (1, 'parent');
INSERT INTO long_note VALUES (2, 'child', 10);
INSERT INTO new_note VALUES (3, 'new child');
SET bemi.context = '{"n": 2}';
UPDATE note SET body = 'all';
SET bemi.context = '{"n": 3}';
DELETE FROM ONLY note;
DELETE FROM note WHERE id = 2;
DELETE FROM new_note;
RESET bemi.context;
SELECT * FROM captured();
DROP TABLE note CASCADE;

-- Partitions: through the root, through a branch, directly, moving
CREATE TABLE event (id int, kind text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE event_a PARTITION OF event FOR VALUES IN ('a');
CREATE TABLE event_b PARTITION OF event FOR VALUES IN ('b') PARTITION BY RANGE (id);
CREATE TABLE event_b1 PARTITION OF event_b FOR VALUES FROM (0) TO (100);
SELECT bemi.track('event', level => 'statement');
CREATE TABLE event_c PARTITION OF event FOR VALUES IN ('c');
SET bemi.context = '{"n": 1}';
INSERT INTO event VALUES (1, 'a'), (2, 'b'), (3, 'c');
SET bemi.context = '{"n": 2}';
INSERT INTO event_a VALUES (4, 'a');
INSERT INTO event_b VALUES (5, 'b');
INSERT INTO event_b1 VALUES (6, 'b');
INSERT INTO event_c VALUES (7, 'c');
SET bemi.context = '{"n": 3}';
UPDATE event SET kind = 'b' WHERE id = 1;
UPDATE event_b SET id = id + 10;
COPY event FROM STDIN;
8	a
9	b
\.
DELETE FROM event;
INSERT INTO event VALUES (1, 'b') ON CONFLICT (id, kind) DO UPDATE SET id = 10;
RESET bemi.context;
SELECT * FROM captured();
DROP TABLE event;

-- A message that nothing follows in its subtransaction is repeated in the next one: their order would be open
BEGIN;
SET LOCAL bemi.context = '{"n": 1}';
INSERT INTO todo VALUES (901, 'before');
SAVEPOINT a;
SET LOCAL bemi.context = '{"n": 2}';
DELETE FROM todo WHERE false;
RELEASE a;
INSERT INTO todo VALUES (902, 'after a');
SET LOCAL bemi.context = '{"n": 3}';
DELETE FROM todo WHERE false;
SAVEPOINT b;
INSERT INTO todo VALUES (903, 'in b');
RELEASE b;
SAVEPOINT c;
INSERT INTO todo VALUES (904, 'in c');
COMMIT;
SELECT * FROM captured();

-- From one level to the other and back
SELECT bemi.track('todo', 'row');
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'todo'::regclass ORDER BY tgname;
SELECT bemi.track('todo', 'statement');
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'todo'::regclass ORDER BY tgname;
SELECT level, problems FROM bemi.tracked_tables;
SELECT bemi.untrack('todo');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'todo'::regclass;
SET bemi.context = '{"n": 1}';
INSERT INTO todo VALUES (100, 'not tracked any more');
RESET bemi.context;
SELECT * FROM captured();

SELECT FROM pg_drop_replication_slot('regress');
DROP FUNCTION captured();
DROP TABLE todo;
