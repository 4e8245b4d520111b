-- Context comments in the client's SQL: where they count, for how long, and which wins.
\t on
\pset format unaligned
CREATE TABLE todo (id int PRIMARY KEY, task text) WITH (autovacuum_enabled = off);
SELECT bemi.track('todo');
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
\i test/sql/include/captured.sql

-- Anywhere in the statement, for that statement only
INSERT INTO todo VALUES (1, 'trailing') /*Bemi {"n": 1} Bemi*/;
INSERT INTO todo VALUES (2, 'none');
/*Bemi {"n": 3} Bemi*/ INSERT INTO todo VALUES (3, 'leading');
INSERT INTO /*Bemi {"n": 4} Bemi*/ todo VALUES (4, 'in the middle');
INSERT INTO todo VALUES (5, 'no spaces')/*Bemi{"n":5}Bemi*/;
INSERT INTO todo VALUES (6, 'many lines') /*Bemi
    {"n":
     6}
Bemi*/;
INSERT INTO todo VALUES (7, 'the last wins') /*Bemi {"n": "first", "only": "here"} Bemi*/ /* other */ /*Bemi {"n": 7} Bemi*/;
INSERT INTO todo VALUES (8, 'after a dollar sign') RETURNING $$x$$/*Bemi {"n": 8} Bemi*/;
INSERT INTO todo VALUES (9, 'an operator before it') RETURNING 1 +/*Bemi {"n": 9} Bemi*/2;
SELECT * FROM captured();

-- Several statements in one message: it belongs to the one that it stands in or follows; one before them all to all
INSERT INTO todo VALUES (10, 'a') /*Bemi {"n": 10} Bemi*/\; INSERT INTO todo VALUES (11, 'none')\; INSERT INTO todo VALUES (12, 'c') /*Bemi {"n": 12} Bemi*/;
INSERT INTO todo VALUES (13, 'after the semicolon')\; /*Bemi {"n": 13} Bemi*/ INSERT INTO todo VALUES (14, 'none')\; INSERT INTO todo VALUES (15, 'at the very end')\; /*Bemi {"n": 15} Bemi*/
/**/;
/*Bemi {"n": 16} Bemi*/ INSERT INTO todo VALUES (16, 'before all')\; INSERT INTO todo VALUES (17, 'before all');
/*Bemi {"n": 18} Bemi*/ \; \; INSERT INTO todo VALUES (18, 'after empty ones')\; \; INSERT INTO todo VALUES (19, 'after empty ones');
SELECT ';' \; INSERT INTO todo VALUES (20, '; /*Bemi {"forged": 1} Bemi*/ ;') /*Bemi {"n": 20} Bemi*/ \; SELECT 1 AS ";" /*Bemi {"n": "select"} Bemi*/ \g /dev/null
-- a statement's own goes over it key by key, and the last of those before all counts, if it is any good
/*Bemi {"n": "bad" Bemi*/ /*Bemi {"n": "first"} Bemi*/ -- /*Bemi {"forged": 1} Bemi*/
/*Bemi {"n": "all", "user": 7} Bemi*/ /*Bemi [1] Bemi*/
INSERT INTO todo VALUES (25, 'all')\; INSERT INTO todo VALUES (26, 'own') /*Bemi {"n": 26, "own": true} Bemi*/\; INSERT INTO todo VALUES (27, 'own, empty') /*Bemi {} Bemi*/;
/*Bemi {"n": "all"} Bemi*/ BEGIN\; INSERT INTO todo VALUES (28, 'x')\; COMMIT\; INSERT INTO todo VALUES (29, 'x');
INSERT INTO todo VALUES (290, 'the next message');
BEGIN\; INSERT INTO todo VALUES (21, 'x') /*Bemi {"n": 21} Bemi*/\; INSERT INTO todo VALUES (22, 'the same') /*Bemi {"n": 21} Bemi*/\; COMMIT\; INSERT INTO todo VALUES (23, 'x') /*Bemi {"n": 23} Bemi*/;
SELECT * FROM captured();

-- Text that only looks like one is data
INSERT INTO todo VALUES (30, '/*Bemi {"forged": 1} Bemi*/');
INSERT INTO todo VALUES (31, E'\'/*Bemi {"forged": 1} Bemi*/');
INSERT INTO todo VALUES (32, $$'/*Bemi {"forged": 1} Bemi*/'$$);
INSERT INTO todo VALUES (33, $a$ $$ /*Bemi {"forged": 1} Bemi*/ $$ $a$);
INSERT INTO todo VALUES (34, 'x') RETURNING id AS "/*Bemi {""forged"": 1} Bemi*/";
INSERT INTO todo VALUES (35, U&'\002F*Bemi {"forged": 1} Bemi*/');
INSERT INTO todo VALUES (36, 'it''s '
    '/*Bemi {"forged": 1} Bemi*/');
INSERT INTO todo VALUES (37, 'x') -- /*Bemi {"forged": 1} Bemi*/
;
INSERT INTO todo VALUES (38, 'x') /* /*Bemi {"forged": 1} Bemi*/ */;
INSERT INTO todo VALUES (39, 'x') /* "/*Bemi {"forged": 1} Bemi*/" '*/;
INSERT INTO todo VALUES (40, 'x') /*Bemis {"forged": 1} Bemi*/ /*Bemi {"forged": 1} NotBemi*/ /*Bemi*/ /*Bemi Bemi*/ /*BemiBemi*/ /*bemi {"forged": 1} bemi*/;
INSERT INTO todo VALUES (41, 'x') /*Bemi {"n": "/* nested */"} Bemi*/;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
INSERT INTO todo VALUES (42, '\'/*Bemi {"forged": 1} Bemi*/');
RESET standard_conforming_strings;
INSERT INTO todo VALUES (43, '\') /*Bemi {"n": 43} Bemi*/; --';
SELECT * FROM captured();

-- A bad one never fails the statement: it is ignored, and logged
SET log_statement = 'none';
SET client_min_messages = debug1;
INSERT INTO todo VALUES (50, 'x') /*Bemi {"n": Bemi*/;
INSERT INTO todo VALUES (51, 'x') /*Bemi [1] Bemi*/;
INSERT INTO todo VALUES (52, 'x') /*Bemi {"n": "\u0000"} Bemi*/;
INSERT INTO todo VALUES (53, 'x') /*Bemi {"n": "\ud800"} Bemi*/;
INSERT INTO todo VALUES (54, 'x') /*Bemi {"n": 1e999999} Bemi*/;
INSERT INTO todo VALUES (55, 'x') /*Bemi {"n": 1} {"m": 2} Bemi*/;
-- of a good and a bad one the good one counts
INSERT INTO todo VALUES (56, 'x') /*Bemi {"n": 56} Bemi*/ /*Bemi {bad Bemi*/;
RESET client_min_messages;
SELECT * FROM captured();
-- an empty one is valid, says nothing, and, being the last, wins
SET bemi.context = '{"session": 1}';
INSERT INTO todo VALUES (57, 'x') /*Bemi {"n": 57} Bemi*/ /*Bemi {} Bemi*/;
RESET bemi.context;
SELECT * FROM captured();
-- too large, too deep
DO $do$
BEGIN
    EXECUTE format('SELECT 1 /*Bemi {"not": "the client''s"} Bemi*/');
END
$do$;
\set ECHO none
SELECT 'INSERT INTO todo VALUES (60, ''as large as allowed'') /*Bemi {"x":"' || repeat('x', 1024 * 1024 - 8) || '"} Bemi*/' \gexec
SELECT 'INSERT INTO todo VALUES (61, ''too large'') /*Bemi {"x":"' || repeat('x', 1024 * 1024 - 7) || '"} Bemi*/' \gexec
SELECT 'INSERT INTO todo VALUES (62, ''too deep'') /*Bemi {"x":' || repeat('[', 100000) || repeat(']', 100000) || '} Bemi*/' \gexec
SELECT 'INSERT INTO todo VALUES (63, ''not closed'') /*Bemi {"x":' || repeat('[', 100000) || ' Bemi*/' \gexec
SELECT 'INSERT INTO todo VALUES (64, ''100,000 comments'') ' || repeat('/*Bemi {"x":1} Bemi*/', 99999) || '/*Bemi {"x":2} Bemi*/' \gexec
SET bemi.context = '{"session": 1}';
SELECT 'INSERT INTO todo VALUES (65, ''fits with that of the session'') /*Bemi {"x":"' || repeat('x', 1024 * 1024 - 20) || '"} Bemi*/' \gexec
SELECT 'INSERT INTO todo VALUES (66, ''too large with it'') /*Bemi {"x":"' || repeat('x', 1024 * 1024 - 10) || '"} Bemi*/' \gexec
SELECT '/*Bemi {"x":"' || repeat('x', 600000) || '"} Bemi*/ INSERT INTO todo VALUES (67, ''too large together'') /*Bemi {"y":"' || repeat('x', 600000) || '"} Bemi*/' \gexec
RESET bemi.context;
\set ECHO all
SELECT left(captured, 60), length(captured) FROM captured();

-- Merged over the session's context per top-level key
SET bemi.context = '{"user_id": 1, "nested": {"a": 1}, "price": 1.10}';
INSERT INTO todo VALUES (70, 'x') /*Bemi {"nested": {"b": 2}, "endpoint": "/x"} Bemi*/;
INSERT INTO todo VALUES (71, 'x') /*Bemi {"user_id": null} Bemi*/;
INSERT INTO todo VALUES (72, 'x');
INSERT INTO todo VALUES (73, 'x') /*Bemi {"\u0075ser_id": 2, "user_id": 3} Bemi*/;
RESET bemi.context;
SELECT * FROM captured();

-- Another affix, or none
SET bemi.comment_affix = 'Todo';
INSERT INTO todo VALUES (80, 'x') /*Bemi {"n": 80} Bemi*/;
INSERT INTO todo VALUES (81, 'x') /*Todo {"n": 81} Todo*/;
-- as it is when the statement begins
SET bemi.comment_affix = 'Bemi' \; INSERT INTO todo VALUES (82, 'x') /*Bemi {"n": 82} Bemi*/;
SET bemi.comment_affix = '';
INSERT INTO todo VALUES (83, 'x') /*Bemi {"n": 83} Bemi*/ /* {"n": 83} */;
SET bemi.comment_affix = 'two words';
SET bemi.comment_affix = '*/';
SET bemi.comment_affix = '{';
SET bemi.comment_affix = 'é';
INSERT INTO todo VALUES (84, 'x') /*é {"n": 84} é*/;
RESET bemi.comment_affix;
SELECT * FROM captured();
TRUNCATE todo;
SELECT FROM captured();

-- It lasts for what the statement does: functions, triggers, cascades, dynamic SQL
CREATE TABLE item (id int PRIMARY KEY, todo_id int REFERENCES todo ON DELETE CASCADE ON UPDATE CASCADE, note text);
CREATE TABLE audit (note text);
SELECT bemi.track('item');
SELECT bemi.track('audit');
CREATE FUNCTION add_item(item_id int, todo_id int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO item VALUES (item_id, todo_id, 'static') /*Bemi {"forged": "static"} Bemi*/;
    EXECUTE 'UPDATE item SET note = ''dynamic'' /*Bemi {"forged": "dynamic"} Bemi*/ WHERE id = $1' USING item_id;
    RETURN item_id;
END
$$;
CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit VALUES (TG_OP || ' ' || TG_WHEN);
    RETURN NULL;
END
$$;
CREATE TRIGGER note_it AFTER UPDATE ON todo FOR EACH ROW EXECUTE FUNCTION note_it();
INSERT INTO todo VALUES (1, 'a') /*Bemi {"n": 1} Bemi*/\; SELECT add_item(10, 1) /*Bemi {"n": 2} Bemi*/\; UPDATE todo SET id = 2 /*Bemi {"n": 3} Bemi*/\; DELETE FROM todo /*Bemi {"n": 4} Bemi*/ \g /dev/null
SELECT * FROM captured();

-- DO, and cursors whose query writes
DO $$
DECLARE
    r record;
    c CURSOR FOR SELECT add_item(i, 1) FROM generate_series(1, 2) i;
    item_id int;
BEGIN
    INSERT INTO todo VALUES (1, 'a') /*Bemi {"forged": 1} Bemi*/;
    FOR r IN SELECT id FROM todo LOOP
        UPDATE todo SET task = 'in a loop' WHERE id = r.id;
    END LOOP;
    OPEN c;
    FETCH c INTO item_id;
    DELETE FROM item WHERE id = item_id;
    FETCH c INTO item_id;
    CLOSE c;
    FOR r IN SELECT add_item(i, 1) FROM generate_series(11, 12) i LOOP
        DELETE FROM audit;
    END LOOP;
END
$$ /*Bemi {"do": 1} Bemi*/ \; DELETE FROM todo /*Bemi {"second": 2} Bemi*/;
SELECT * FROM captured();
-- a cursor of SQL runs when it is fetched from
INSERT INTO todo VALUES (1, 'a');
BEGIN;
DECLARE c CURSOR FOR SELECT add_item(i, 1) FROM generate_series(1, 2) i /*Bemi {"declared": 1} Bemi*/;
FETCH c /*Bemi {"fetched": 1} Bemi*/;
FETCH c;
COMMIT;
-- one that is held runs at COMMIT
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT add_item(i, 1) FROM generate_series(3, 3) i /*Bemi {"declared": 1} Bemi*/;
COMMIT /*Bemi {"committed": 1} Bemi*/;
CLOSE held;
SELECT * FROM captured();

-- Prepared statements of SQL: what counts is what EXECUTE brings
PREPARE p(int) AS INSERT INTO todo VALUES ($1, 'prepared') /*Bemi {"prepared": 1} Bemi*/;
EXECUTE p(2);
EXECUTE p(3) /*Bemi {"n": 3} Bemi*/\; EXECUTE p(4) /*Bemi {"n": 4} Bemi*/\; EXECUTE p(5);
DEALLOCATE p;
SELECT * FROM captured();

-- COPY, writable CTEs, EXPLAIN ANALYZE, upserts
COPY audit FROM STDIN /*Bemi {"n": "copy"} Bemi*/;
a
/*Bemi {"forged": 1} Bemi*/
\.
WITH d AS (DELETE FROM audit WHERE note = 'a' RETURNING *), i AS (INSERT INTO todo SELECT 6, note FROM d RETURNING *)
INSERT INTO item SELECT 6, 1, task FROM i /*Bemi {"n": "cte"} Bemi*/;
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) UPDATE audit SET note = 'b' /*Bemi {"n": "explain"} Bemi*/ \g /dev/null
INSERT INTO todo VALUES (6, 'x') ON CONFLICT (id) DO UPDATE SET task = 'upsert' /*Bemi {"n": "upsert"} Bemi*/;
SELECT * FROM captured();

-- A procedure that commits: the statement goes on
CREATE PROCEDURE in_steps() LANGUAGE plpgsql AS $$
BEGIN
    UPDATE audit SET note = 'one';
    COMMIT;
    UPDATE audit SET note = 'two';
    ROLLBACK;
    UPDATE audit SET note = 'three';
    COMMIT;
END
$$;
CALL in_steps() /*Bemi {"n": "call"} Bemi*/;
DO $$ BEGIN UPDATE audit SET note = 'four'; COMMIT; UPDATE audit SET note = 'five'; END $$ /*Bemi {"n": "do"} Bemi*/;
SELECT * FROM captured();

-- After an error the next message starts afresh
BEGIN;
INSERT INTO todo VALUES (1, 'duplicate') /*Bemi {"n": "failed"} Bemi*/;
ROLLBACK;
INSERT INTO todo VALUES (30, 'x')\; INSERT INTO todo VALUES (1, 'duplicate') /*Bemi {"n": "failed"} Bemi*/;
INSERT INTO audit VALUES ('after errors') /*Bemi {"n": "after errors"} Bemi*/;
INSERT INTO audit VALUES ('no comment');
SELECT * FROM captured();

-- A routine with a body of SQL: its semicolons are inside one statement
CREATE FUNCTION two_rows() RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO audit VALUES ('atomic 1'); INSERT INTO audit VALUES ('atomic 2') /*Bemi {"forged": 1} Bemi*/; END \; SELECT two_rows() /*Bemi {"n": "atomic"} Bemi*/;
SELECT * FROM captured();

SELECT FROM pg_drop_replication_slot('regress');
DROP FUNCTION two_rows(), captured(), add_item(int, int), note_it() CASCADE;
DROP PROCEDURE in_steps();
DROP TABLE audit, item, todo;
