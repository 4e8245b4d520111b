-- Which of several statements in one string it is that runs: each kind, also those that PostgreSQL gives no location.
\t on
\pset format unaligned
CREATE TABLE todo (id int, task text);
SELECT bemi.track('todo');
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
\i test/sql/include/captured.sql
CREATE FUNCTION add(id int, task text) RETURNS int LANGUAGE sql AS 'INSERT INTO todo VALUES (id, task) RETURNING id';

-- rules: INSTEAD, several actions, a condition, ALSO
CREATE VIEW open AS SELECT * FROM todo;
CREATE RULE add AS ON INSERT TO open DO INSTEAD INSERT INTO todo VALUES (NEW.id, 'instead');
CREATE RULE change AS ON UPDATE TO open DO INSTEAD (INSERT INTO todo VALUES (NEW.id, 'instead, 1'); UPDATE todo SET task = 'instead, 2' WHERE id = NEW.id);
SELECT 1 /*Bemi {"before": 1} Bemi*/\; INSERT INTO open VALUES (1) /*Bemi {"mine": 1} Bemi*/\; SELECT 1 /*Bemi {"other": 2} Bemi*/ \g /dev/null
INSERT INTO open VALUES (2)\; SELECT 1 /*Bemi {"other": 2} Bemi*/;
UPDATE open SET id = 3 WHERE id = 2 /*Bemi {"mine": 3} Bemi*/\; UPDATE open SET id = 4 WHERE id = 3 /*Bemi {"mine": 4} Bemi*/;
CREATE TABLE ruled (id int);
CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO todo VALUES (NEW.id, 'also');
CREATE RULE condition AS ON INSERT TO ruled WHERE NEW.id > 10 DO INSTEAD INSERT INTO todo VALUES (NEW.id, 'on condition');
CREATE RULE nothing AS ON DELETE TO ruled DO INSTEAD NOTHING;
INSERT INTO ruled VALUES (10), (11) /*Bemi {"mine": 10} Bemi*/\; DELETE FROM ruled /*Bemi {"nothing": 1} Bemi*/\; INSERT INTO ruled VALUES (12);
SELECT * FROM captured();

-- statements that run others
PREPARE p(int) AS INSERT INTO todo VALUES ($1, 'prepared');
PREPARE q(int) AS INSERT INTO open VALUES ($1);
EXECUTE p(20) /*Bemi {"mine": 20} Bemi*/\; EXECUTE q(21) /*Bemi {"mine": 21} Bemi*/\; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) EXECUTE p(22) /*Bemi {"mine": 22} Bemi*/\; EXECUTE p(23) \g /dev/null
PREPARE r AS INSERT INTO todo VALUES (24, 'x') /*Bemi {"not": "mine"} Bemi*/\; EXECUTE r /*Bemi {"mine": 24} Bemi*/\; DEALLOCATE r\; SELECT 1 /*Bemi {"other": 2} Bemi*/;
DEALLOCATE p;
DEALLOCATE q;
CREATE PROCEDURE add_both(id int) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO todo VALUES (id, 'static');
    EXECUTE format('INSERT INTO todo VALUES (%s, ''dynamic'') /*Bemi {"forged": 1} Bemi*/', id);
    INSERT INTO open VALUES (id);
END
$$;
CALL add_both(30) /*Bemi {"mine": 30} Bemi*/\; DO 'BEGIN INSERT INTO open VALUES (31); END' /*Bemi {"mine": 31} Bemi*/\; CALL add_both(32)\; SELECT 1 /*Bemi {"other": 2} Bemi*/;
SELECT * FROM captured();

-- utility statements with a query in them
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) INSERT INTO open VALUES (40) /*Bemi {"mine": 40} Bemi*/\; SELECT 1 /*Bemi {"other": 2} Bemi*/ \g /dev/null
CREATE TABLE made AS SELECT add(41, 'create table as') /*Bemi {"mine": 41} Bemi*/\; SELECT add(42, 'select into') INTO made_2 /*Bemi {"mine": 42} Bemi*/\; SELECT 1 /*Bemi {"other": 2} Bemi*/;
COPY (SELECT add(43, 'copy to')) TO STDOUT /*Bemi {"mine": 43} Bemi*/\; COPY todo FROM STDIN /*Bemi {"mine": 44} Bemi*/\; SELECT 1 /*Bemi {"other": 2} Bemi*/;
44	copy from
\.
CREATE MATERIALIZED VIEW seen AS SELECT 45 AS id WITH NO DATA;
SELECT 1\; REFRESH MATERIALIZED VIEW seen /*Bemi {"refresh": 1} Bemi*/\; SELECT add(46, 'after refresh') FROM seen /*Bemi {"mine": 46} Bemi*/ \g /dev/null
BEGIN\; DECLARE c CURSOR FOR SELECT add(i, 'fetched') FROM generate_series(47, 49) i /*Bemi {"declared": 1} Bemi*/\; FETCH c /*Bemi {"mine": 47} Bemi*/\; FETCH c\; MOVE c /*Bemi {"mine": 49} Bemi*/\; CLOSE c\; COMMIT /*Bemi {"other": 2} Bemi*/ \g /dev/null
CREATE TABLE with_default (id int)\; INSERT INTO with_default VALUES (50)\; ALTER TABLE with_default ADD COLUMN new int DEFAULT add(50, 'a rewrite') /*Bemi {"mine": 50} Bemi*/\; SELECT 1 /*Bemi {"other": 2} Bemi*/;
SELECT * FROM captured();

-- the same statement twice, statements of which the text is in another one, and the one after an error that a block caught
INSERT INTO todo VALUES (60, 'x') /*Bemi {"n": 1} Bemi*/\; INSERT INTO todo VALUES (60, 'x') /*Bemi {"n": 2} Bemi*/\; INSERT INTO todo VALUES (60, 'x');
SELECT 'INSERT INTO todo VALUES (61) /*Bemi {"forged": 1} Bemi*/;' \; INSERT INTO todo VALUES (61)\; SELECT 1 /*Bemi {"other": 2} Bemi*/ \g /dev/null
DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN INSERT INTO todo VALUES (62, 'caught'); END $$ /*Bemi {"mine": 62} Bemi*/\; SELECT 1 /*Bemi {"other": 2} Bemi*/;
-- a view, function or statement that is made in the string; one that is planned again within it
CREATE OR REPLACE VIEW open AS SELECT * FROM todo WHERE id > 0 /*Bemi {"view": 1} Bemi*/\; INSERT INTO open VALUES (63) /*Bemi {"mine": 63} Bemi*/\; SELECT 1 /*Bemi {"other": 2} Bemi*/;
PREPARE p(int) AS INSERT INTO todo VALUES ($1, 'planned again');
ALTER TABLE todo ADD COLUMN done bool\; EXECUTE p(64) /*Bemi {"mine": 64} Bemi*/\; ALTER TABLE todo DROP COLUMN done /*Bemi {"alter": 1} Bemi*/\; EXECUTE p(65)\; SELECT 1 /*Bemi {"other": 2} Bemi*/;
SELECT * FROM captured();

SELECT FROM pg_drop_replication_slot('regress');
DROP TABLE ruled, made, made_2, with_default;
DROP MATERIALIZED VIEW seen;
DROP VIEW open;
DROP TABLE todo;
DROP FUNCTION captured(), add(int, text);
DROP PROCEDURE add_both(int);
DEALLOCATE p;
