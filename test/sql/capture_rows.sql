-- Row level capture: the context is in the WAL before the row it belongs to, and as seldom as possible.
\t on
\pset format unaligned
CREATE TABLE todo (id int PRIMARY KEY, task text) WITH (autovacuum_enabled = off);
SELECT bemi.track('todo');
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
\i test/sql/include/captured.sql

-- No context ever: nothing is emitted at all, not even an empty one
INSERT INTO todo VALUES (1, 'a');
BEGIN;
UPDATE todo SET task = 'b';
SAVEPOINT s;
UPDATE todo SET task = 'c';
RELEASE s;
DELETE FROM todo;
COMMIT;
SET bemi.context = '{}';
INSERT INTO todo VALUES (1, 'a');
SET bemi.context = '';
UPDATE todo SET task = 'b';
SELECT * FROM captured();

-- A statement, whatever its size, costs one message; one that touches no row none; a transaction has its own
SET bemi.context = '{"n": 1}';
UPDATE todo SET task = 'x' WHERE false;
INSERT INTO todo SELECT i, 'bulk' FROM generate_series(1001, 2000) i;
BEGIN;
UPDATE todo SET task = 'bulk 2' WHERE id > 1000;
DELETE FROM todo WHERE id > 1000;
COMMIT;
SELECT regexp_replace(captured, '\d{4}', 'N', 'g'), count(*) FROM captured() GROUP BY 1 ORDER BY 1;
SELECT FROM todo WHERE id > 1 ORDER BY id FOR UPDATE;
SELECT * FROM captured();

-- Two contexts in a transaction, one that returns, one that goes away
BEGIN;
SET LOCAL bemi.context = '{"n": 1}';
INSERT INTO todo VALUES (2, 'one');
INSERT INTO todo VALUES (3, 'one');
SET LOCAL bemi.context = '{"n": 2}';
INSERT INTO todo VALUES (4, 'two');
SET LOCAL bemi.context = '{"n": 3}';
SET LOCAL bemi.context = '{"n": 2}';
INSERT INTO todo VALUES (5, 'two');
SET LOCAL bemi.context = '{"n": 1}';
INSERT INTO todo VALUES (6, 'one');
SET LOCAL bemi.context = '';
INSERT INTO todo VALUES (7, 'none');
SET LOCAL bemi.context = '{}';
INSERT INTO todo VALUES (8, 'none');
SET LOCAL bemi.context = '{"n": 1}';
COMMIT;
BEGIN;
INSERT INTO todo VALUES (9, 'one');
RESET bemi.context;
DELETE FROM todo WHERE id = 9;
COMMIT;
INSERT INTO todo VALUES (9, 'none');
SELECT * FROM captured();
-- DISCARD ALL between transactions
SET bemi.context = '{"n": 1}';
INSERT INTO todo VALUES (10, 'one');
DISCARD ALL;
INSERT INTO todo VALUES (11, 'none');
SELECT * FROM captured();

-- In a function that changes it half-way, also where something else asked for the context in between
CREATE FUNCTION half_way() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bemi.set_context('{"half": 1}', true);
    INSERT INTO todo VALUES (20, 'one');
    PERFORM bemi.set_context('{"half": 2}', true);
    PERFORM bemi.current_context();
    INSERT INTO todo VALUES (21, 'two');
    PERFORM bemi.merge_context('{"more": true}', true);
    UPDATE todo SET task = bemi.current_context()::text WHERE id = 21;
    PERFORM bemi.clear_context();
    PERFORM bemi.current_context();
    DELETE FROM todo WHERE id = 20;
END
$$;
SELECT half_way();
SELECT * FROM captured();
-- even in the middle of one statement
SET bemi.context = '{}';
INSERT INTO todo SELECT i, bemi.set_context(jsonb_build_object('row', i / 2)) ->> 'row' FROM generate_series(30, 33) i;
RESET bemi.context;
SELECT * FROM captured();

-- A rolled back subtransaction takes its message with it
BEGIN;
SET LOCAL bemi.context = '{"level": 1}';
INSERT INTO todo VALUES (40, 'level 1');
SAVEPOINT a;
SET LOCAL bemi.context = '{"level": 2}';
INSERT INTO todo VALUES (41, 'level 2');
ROLLBACK TO a;
INSERT INTO todo VALUES (42, 'level 1 again');
COMMIT;
BEGIN;
SAVEPOINT a;
SET LOCAL bemi.context = '{"in": "a"}';
INSERT INTO todo VALUES (43, 'rolled back');
ROLLBACK TO a;
INSERT INTO todo VALUES (44, 'none');
COMMIT;
-- the same context within and after it
BEGIN;
SET LOCAL bemi.context = '{"same": 1}';
SAVEPOINT a;
INSERT INTO todo VALUES (45, 'rolled back');
ROLLBACK TO a;
INSERT INTO todo VALUES (46, 'emitted anew');
COMMIT;
SELECT * FROM captured();
-- one that is released is part of its parent, and dies with it
BEGIN;
SET LOCAL bemi.context = '{"level": 1}';
SAVEPOINT a;
SAVEPOINT b;
SAVEPOINT c;
SET LOCAL bemi.context = '{"level": 4}';
INSERT INTO todo VALUES (50, 'level 4');
RELEASE c;
INSERT INTO todo VALUES (51, 'level 3, known');
RELEASE b;
INSERT INTO todo VALUES (52, 'level 2, known');
ROLLBACK TO a;
INSERT INTO todo VALUES (53, 'level 2');
RELEASE a;
INSERT INTO todo VALUES (54, 'level 1, known');
SAVEPOINT a;
SAVEPOINT b;
INSERT INTO todo VALUES (55, 'rolled back, but level 1 was not');
ROLLBACK TO b;
INSERT INTO todo VALUES (56, 'level 2, known');
ROLLBACK TO a;
INSERT INTO todo VALUES (57, 'level 1, known');
COMMIT;
SELECT * FROM captured();
-- plpgsql's EXCEPTION blocks are subtransactions, the ones that succeed too
DO $$
BEGIN
    SET LOCAL bemi.context = '{"block": 0}';
    INSERT INTO todo VALUES (60, 'block 0');
    BEGIN
        SET LOCAL bemi.context = '{"block": 1}';
        INSERT INTO todo VALUES (61, 'rolled back');
        BEGIN
            SET LOCAL bemi.context = '{"block": 2}';
            INSERT INTO todo VALUES (62, 'rolled back');
            RAISE division_by_zero;
        EXCEPTION WHEN division_by_zero THEN
            INSERT INTO todo VALUES (63, 'rolled back');
        END;
        INSERT INTO todo VALUES (60, 'duplicate');
    EXCEPTION WHEN unique_violation THEN
        INSERT INTO todo VALUES (64, 'block 0');
    END;
    FOR i IN 65..67 LOOP
        BEGIN
            PERFORM bemi.set_context(jsonb_build_object('i', i), true);
            INSERT INTO todo VALUES (i, 'i');
            PERFORM 1 / (i - 66);
        EXCEPTION WHEN division_by_zero THEN
            UPDATE todo SET task = 'block 0' WHERE id = 60;
        END;
    END LOOP;
    UPDATE todo SET task = 'the last i' WHERE id = 60;
END
$$;
SELECT * FROM captured();
-- a transaction that is rolled back leaves nothing behind, here or in the next one
BEGIN;
SET bemi.context = '{"rolled": "back"}';
INSERT INTO todo VALUES (70, 'x');
ROLLBACK;
INSERT INTO todo VALUES (71, 'none');
SET bemi.context = '{"n": 1}';
BEGIN;
INSERT INTO todo VALUES (70, 'x');
ROLLBACK;
INSERT INTO todo VALUES (72, 'one');
RESET bemi.context;
SELECT * FROM captured();

-- Two-phase transactions
SET bemi.context = '{"prepared": 1}';
BEGIN;
INSERT INTO todo VALUES (80, 'x');
PREPARE TRANSACTION 'regress_bemi_1';
SET bemi.context = '{"prepared": 2}';
BEGIN;
INSERT INTO todo VALUES (81, 'x');
PREPARE TRANSACTION 'regress_bemi_2';
INSERT INTO todo VALUES (82, 'x');
SET bemi.context = '{"not": "this one"}';
COMMIT PREPARED 'regress_bemi_1';
ROLLBACK PREPARED 'regress_bemi_2';
RESET bemi.context;
SELECT * FROM captured();

-- bemi.enabled = off
SET bemi.context = '{"n": 1}';
SET bemi.enabled = off;
INSERT INTO todo VALUES (90, 'off');
BEGIN;
SET LOCAL bemi.enabled = on;
INSERT INTO todo VALUES (91, 'on');
SET LOCAL bemi.enabled = off;
SET LOCAL bemi.context = '{"n": 2}';
INSERT INTO todo VALUES (92, 'off: nothing new is emitted');
SET LOCAL bemi.enabled = on;
INSERT INTO todo VALUES (93, 'on');
COMMIT;
RESET bemi.enabled;
-- ordinary triggers do not fire on a replica, ours do
SET session_replication_role = replica;
INSERT INTO todo VALUES (94, 'replica');
SET session_replication_role = local;
INSERT INTO todo VALUES (95, 'local');
RESET session_replication_role;
RESET bemi.context;
SELECT * FROM captured();

-- Every way to change a row
TRUNCATE todo;
SELECT FROM captured();
SET bemi.context = '{"n": 1}';
COPY todo FROM STDIN;
1	copied
2	copied
\.
INSERT INTO todo VALUES (2, 'conflict'), (3, 'new') ON CONFLICT (id) DO UPDATE SET task = excluded.task;
INSERT INTO todo VALUES (2, 'nothing'), (3, 'nothing') ON CONFLICT DO NOTHING;
WITH gone AS (DELETE FROM todo WHERE id = 1 RETURNING *), changed AS (UPDATE todo SET task = 'cte' WHERE id = 2 RETURNING *)
INSERT INTO todo SELECT id + 10, task FROM gone UNION ALL SELECT id + 10, task FROM changed;
UPDATE todo SET task = 'from' FROM (VALUES (3)) v (id) WHERE todo.id = v.id;
DELETE FROM todo USING (VALUES (3)) v (id) WHERE todo.id = v.id;
SELECT * FROM captured();
-- MERGE came with PostgreSQL 15; 14 does the same by hand
SELECT current_setting('server_version_num')::int >= 150000 AS has_merge \gset
\if :has_merge
MERGE INTO todo USING (VALUES (2, 'merged'), (11, 'delete'), (13, 'merged')) AS v (id, task) ON todo.id = v.id
    WHEN MATCHED AND v.task = 'delete' THEN DELETE
    WHEN MATCHED THEN UPDATE SET task = v.task
    WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.task);
\else
BEGIN \; UPDATE todo SET task = 'merged' WHERE id = 2 \; DELETE FROM todo WHERE id = 11 \; INSERT INTO todo VALUES (13, 'merged') \; COMMIT;
\endif
SELECT * FROM captured();
-- views, their rules and triggers
CREATE VIEW simple AS SELECT * FROM todo;
CREATE VIEW by_rule AS SELECT * FROM todo;
CREATE RULE inserting AS ON INSERT TO by_rule DO INSTEAD (INSERT INTO todo VALUES (new.id, new.task); UPDATE todo SET task = 'rule' WHERE id = new.id);
CREATE VIEW by_trigger AS SELECT id FROM todo;
CREATE FUNCTION inserting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO todo VALUES (new.id, 'instead of'); RETURN new; END $$;
CREATE TRIGGER inserting INSTEAD OF INSERT ON by_trigger FOR EACH ROW EXECUTE FUNCTION inserting();
SET bemi.context = '{"n": 2}';
INSERT INTO simple VALUES (20, 'view');
UPDATE simple SET task = 'updated' WHERE id = 20;
INSERT INTO by_rule VALUES (21, 'x');
INSERT INTO by_trigger VALUES (22);
DELETE FROM simple;
SELECT * FROM captured();
DROP VIEW simple, by_rule, by_trigger;
DROP FUNCTION inserting();

-- A user's BEFORE trigger that changes the row, the context, or drops the row
CREATE FUNCTION adjust() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.task = 'drop it' THEN
        RETURN NULL;
    END IF;
    PERFORM bemi.set_context(jsonb_build_object('of row', new.id), true);
    new.task := upper(new.task);
    RETURN new;
END
$$;
CREATE TRIGGER zzz_adjust BEFORE INSERT OR UPDATE ON todo FOR EACH ROW EXECUTE FUNCTION adjust();
INSERT INTO todo VALUES (30, 'a'), (31, 'drop it'), (32, 'b');
UPDATE todo SET task = 'drop it';
SELECT * FROM captured();
DROP FUNCTION adjust() CASCADE;
RESET bemi.context;

-- Triggers as BemiHQ's packages install them, on a table of ours and on one of theirs
CREATE FUNCTION _bemi_row_trigger_func() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    context text := split_part(split_part(current_query(), '/*Bemi', 2), 'Bemi*/', 1);
BEGIN
    IF context <> '' THEN
        PERFORM pg_logical_emit_message(true, '_bemi', context);
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN old ELSE new END;
END
$$;
CREATE TRIGGER _bemi_row_trigger_todo BEFORE INSERT OR UPDATE OR DELETE ON todo FOR EACH ROW EXECUTE FUNCTION _bemi_row_trigger_func();
CREATE TABLE theirs (id int);
CREATE TRIGGER _bemi_row_trigger_theirs BEFORE INSERT OR UPDATE OR DELETE ON theirs FOR EACH ROW EXECUTE FUNCTION _bemi_row_trigger_func();
SET bemi.context = '{"session": 1}';
INSERT INTO todo VALUES (40, 'a'), (41, 'b') /*Bemi {"theirs": 1} Bemi*/;
-- theirs takes this for a context; what is in force when the row comes is ours
INSERT INTO todo VALUES (42, '/*Bemi {"forged": 1} Bemi*/');
INSERT INTO theirs VALUES (43) /*Bemi {"theirs": 1} Bemi*/;
UPDATE todo SET task = 'c' WHERE id = 40;
RESET bemi.context;
SELECT * FROM captured();
DROP TABLE theirs;
DROP FUNCTION _bemi_row_trigger_func() CASCADE;

-- Foreign keys: cascades, and the actions that set
TRUNCATE todo;
CREATE TABLE item (id int PRIMARY KEY, todo_id int REFERENCES todo ON DELETE CASCADE ON UPDATE CASCADE,
                   other_id int DEFAULT 1 REFERENCES todo ON DELETE SET NULL ON UPDATE SET DEFAULT);
SELECT bemi.track('item');
INSERT INTO todo VALUES (1, 'a'), (2, 'b'), (3, 'c');
INSERT INTO item VALUES (1, 2, 3), (2, 3, 2);
SELECT FROM captured();
SET bemi.context = '{"n": 1}';
UPDATE todo SET id = 20 WHERE id = 2;
SET bemi.context = '{"n": 2}';
DELETE FROM todo WHERE id = 3;
RESET bemi.context;
SELECT * FROM captured();
DROP TABLE item;

-- Inheritance: rows of a child, written directly and through the parent
CREATE TABLE note (id int, body text);
CREATE TABLE long_note (pages int) INHERITS (note);
CREATE TABLE very_long_note () INHERITS (long_note);
SELECT bemi.track('note');
SET bemi.context = '{"n": 1}';
INSERT INTO note VALUES (1, 'parent');
INSERT INTO long_note VALUES (2, 'child', 10);
INSERT INTO very_long_note VALUES (3, 'grandchild', 100);
SET bemi.context = '{"n": 2}';
UPDATE note SET body = 'all';
SET bemi.context = '{"n": 3}';
UPDATE ONLY note SET body = 'parent only';
DELETE FROM long_note;
RESET bemi.context;
SELECT * FROM captured();
DROP TABLE note CASCADE;

-- Partitions: rows that are routed, that move, that are written directly
CREATE TABLE event (id int, kind text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE event_a PARTITION OF event FOR VALUES IN ('a');
CREATE TABLE event_b PARTITION OF event FOR VALUES IN ('b') PARTITION BY RANGE (id);
CREATE TABLE event_b1 PARTITION OF event_b FOR VALUES FROM (0) TO (100);
CREATE TABLE event_other PARTITION OF event DEFAULT;
SELECT bemi.track('event');
SET bemi.context = '{"n": 1}';
INSERT INTO event VALUES (1, 'a'), (2, 'b'), (3, 'c');
SET bemi.context = '{"n": 2}';
UPDATE event SET kind = 'b' WHERE id = 1;
SET bemi.context = '{"n": 3}';
INSERT INTO event_a VALUES (4, 'a');
INSERT INTO event_b VALUES (5, 'b');
UPDATE event_b1 SET id = 50 WHERE id = 5;
COPY event FROM STDIN;
6	a
7	b
\.
DELETE FROM event WHERE id > 3;
INSERT INTO event VALUES (1, 'b') ON CONFLICT (id, kind) DO UPDATE SET id = 10;
RESET bemi.context;
SELECT * FROM captured();
DROP TABLE event;

-- Identity, generated and dropped columns, quoted and non-ASCII names, other schemas
CREATE SCHEMA "Schéma ""1""";
CREATE TABLE "Schéma ""1"""."Tâblé.""x""" (
    "Id" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gone text, "日本" text DEFAULT 'x',
    twice int GENERATED ALWAYS AS (length("日本") * 2) STORED);
ALTER TABLE "Schéma ""1"""."Tâblé.""x""" DROP COLUMN gone;
SELECT bemi.track('"Schéma ""1"""."Tâblé.""x"""');
SET bemi.context = '{"日本": "é"}';
INSERT INTO "Schéma ""1"""."Tâblé.""x""" DEFAULT VALUES;
UPDATE "Schéma ""1"""."Tâblé.""x""" SET "日本" = 'four';
ALTER TABLE "Schéma ""1"""."Tâblé.""x""" ADD COLUMN fast int DEFAULT 5;
DELETE FROM "Schéma ""1"""."Tâblé.""x""";
RESET bemi.context;
SELECT * FROM captured();
SELECT relation, level, problems FROM bemi.tracked_tables WHERE relation::text LIKE '%x%';
SELECT bemi.untrack('"Schéma ""1"""."Tâblé.""x"""');
DROP SCHEMA "Schéma ""1""" CASCADE;

-- A large context, and one larger than a WAL page
SELECT length(set_config('bemi.context', '{"x":"' || repeat('é', 250000) || '"}', false));
INSERT INTO todo VALUES (100, 'large');
RESET bemi.context;
SELECT left(captured, 30), length(captured) FROM captured();

-- The trigger functions are of no use elsewhere
SELECT bemi.emit_context();
\echo :SQLSTATE
SELECT bemi.on_ddl_command_end();
\echo :SQLSTATE
CREATE TRIGGER misused AFTER INSERT ON todo FOR EACH ROW EXECUTE FUNCTION bemi.emit_context();
INSERT INTO todo VALUES (101, 'x');
\echo :SQLSTATE
DROP TRIGGER misused ON todo;

SELECT FROM pg_drop_replication_slot('regress');
DROP FUNCTION captured(), half_way();
DROP TABLE todo;
SELECT count(*) FROM bemi.tracked_tables;
