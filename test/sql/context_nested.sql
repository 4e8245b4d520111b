-- What runs within a statement may write under another context: the statement's own rows keep theirs, at both levels.
\t on
\pset format unaligned
CREATE TABLE bulk (id int, task text);
CREATE TABLE bulk_2 (id int, task text);
CREATE TABLE todo (id int, task text);
CREATE TABLE audit (note text);
CREATE TABLE audit_2 (note text);
SELECT bemi.track('bulk', 'statement'), bemi.track('bulk_2', 'statement'), bemi.track('audit_2', 'statement');
SELECT bemi.track('todo'), bemi.track('audit');
SELECT FROM pg_create_logical_replication_slot('regress', 'bemi');
-- each change with its context
CREATE FUNCTION captured() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s %s: %s', c ->> 'table', coalesce(nullif(c -> 'after', '{}'), c -> 'before'), c -> 'context')
    FROM pg_logical_slot_get_changes('regress', NULL, NULL), jsonb(data) c
$$;
-- and how many messages there were for them
SELECT FROM pg_create_logical_replication_slot('regress_messages', 'test_decoding');
CREATE FUNCTION messages() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM pg_logical_slot_get_changes('regress_messages', NULL, NULL) WHERE data ~ '_bemi, '
$$;
SET bemi.context = '{"by": "statement"}';

-- functions that write under a setting of their own
CREATE FUNCTION note(text) RETURNS text LANGUAGE plpgsql SET bemi.context = '{"by": "function"}' AS $$
BEGIN
    INSERT INTO audit VALUES ($1);
    INSERT INTO audit_2 VALUES ($1);
    RETURN $1;
END
$$;
INSERT INTO bulk SELECT i, note('insert ' || i) FROM generate_series(1, 2) i;
UPDATE bulk SET task = note('update ' || id);
DELETE FROM bulk WHERE note('delete ' || id) = 'delete 1';
COPY bulk (id) FROM STDIN WHERE note('copy ' || id) IS NOT NULL;
10
11
\.
INSERT INTO todo SELECT i, note('todo ' || i) FROM generate_series(1, 2) i;
SELECT * FROM captured();
TRUNCATE bulk, audit, audit_2;
SELECT FROM captured();

-- of SQL, one that returns rows one by one, a default, a cursor, two levels deep
CREATE FUNCTION note_sql(int) RETURNS SETOF text LANGUAGE sql SET bemi.context = '{"by": "sql"}' AS
    $$ INSERT INTO audit SELECT i FROM generate_series(1, $1) i RETURNING note $$;
CREATE FUNCTION note_deep(text) RETURNS text LANGUAGE plpgsql SET bemi.context = '{"by": "deep"}' AS $$
DECLARE
    c CURSOR FOR SELECT note($1 || ' cursor') FROM generate_series(1, 2);
    result text;
BEGIN
    INSERT INTO audit_2 VALUES (note($1));
    OPEN c;
    FETCH c INTO result;
    CLOSE c;
    INSERT INTO audit_2 VALUES ('deep');
    RETURN result;
END
$$;
INSERT INTO bulk SELECT 1, note_sql(2);
SELECT * FROM captured();
INSERT INTO bulk SELECT i, note_deep('deep ' || i) FROM generate_series(1, 2) i;
SELECT * FROM captured();
CREATE TABLE defaulted (id int, task text DEFAULT note('default'), CHECK (note('check') = 'check'));
SELECT bemi.track('defaulted', 'statement');
INSERT INTO defaulted VALUES (1), (2);
-- a check comes after the trigger of level 'row'
SELECT bemi.track('defaulted', 'row');
INSERT INTO defaulted VALUES (3), (4);
UPDATE defaulted SET id = id + 10 WHERE id > 3;
SELECT * FROM captured();
DROP TABLE defaulted;

-- triggers, before bemi's and after it, that write elsewhere
CREATE FUNCTION note_before() RETURNS trigger LANGUAGE plpgsql SET bemi.context = '{"by": "trigger"}' AS $$
BEGIN
    INSERT INTO audit VALUES (TG_NAME);
    INSERT INTO audit_2 VALUES (TG_NAME);
    RETURN NEW;
END
$$;
CREATE TRIGGER a_first BEFORE INSERT ON bulk FOR EACH ROW EXECUTE FUNCTION note_before();
CREATE TRIGGER "~~last" BEFORE INSERT ON bulk FOR EACH STATEMENT EXECUTE FUNCTION note_before();
CREATE TRIGGER after AFTER INSERT ON bulk FOR EACH ROW EXECUTE FUNCTION note_before();
CREATE TRIGGER a_first BEFORE INSERT ON todo FOR EACH ROW EXECUTE FUNCTION note_before();
CREATE TRIGGER "~~last" BEFORE INSERT ON todo FOR EACH ROW EXECUTE FUNCTION note_before();
INSERT INTO bulk VALUES (20, 'x'), (21, 'x');
INSERT INTO todo VALUES (20, 'x'), (21, 'x');
SELECT * FROM captured();
DROP TRIGGER a_first ON bulk;
DROP TRIGGER "~~last" ON bulk;
DROP TRIGGER after ON bulk;
DROP TRIGGER a_first ON todo;
DROP TRIGGER "~~last" ON todo;
-- of TRUNCATE, of which all tables are one record
CREATE TRIGGER "~~last" BEFORE TRUNCATE ON todo FOR EACH STATEMENT EXECUTE FUNCTION note_before();
TRUNCATE todo, bulk;
DROP TRIGGER "~~last" ON todo;
SELECT * FROM captured();

-- subtransactions within: committed, rolled back after or before they have written, and last in WAL before the row
CREATE FUNCTION note_in_block(i int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        SET LOCAL bemi.context = '{"by": "block"}';
        INSERT INTO audit VALUES (i);
        IF i % 3 = 0 THEN
            INSERT INTO audit_2 VALUES (i / (i - i));
        ELSIF i % 3 = 1 THEN
            DELETE FROM audit_2 WHERE false;
        ELSIF i % 3 = 2 THEN
            PERFORM 1 / (i - i) FROM audit WHERE note = i::text;
        END IF;
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
    SET LOCAL bemi.context = '{"by": "function"}';
    DELETE FROM audit_2 WHERE false;
    RETURN i;
END
$$;
INSERT INTO bulk SELECT note_in_block(i) FROM generate_series(1, 6) i;
SELECT * FROM captured();
CREATE FUNCTION note_in_two_blocks(i int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        BEGIN
            PERFORM set_config('bemi.context', '{"by": "inner"}', true);
            DELETE FROM audit_2 WHERE false;
        EXCEPTION WHEN division_by_zero THEN
            NULL;
        END;
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
    RETURN i;
END
$$;
INSERT INTO bulk SELECT note_in_two_blocks(i) FROM generate_series(1, 3) i;
SELECT * FROM captured();

-- One query keeps the context of its start for all that it writes to, where one of the tables is of level 'statement'
CREATE FUNCTION set_and_return(i int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('bemi.context', jsonb_build_object('by', i)::text, true);
    RETURN i;
END
$$;
WITH a AS (INSERT INTO todo SELECT set_and_return(i) FROM generate_series(1, 2) i RETURNING id)
INSERT INTO bulk SELECT id FROM a;
WITH a AS (INSERT INTO todo SELECT set_and_return(i) FROM generate_series(1, 2) i),
     b AS (INSERT INTO bulk_2 SELECT set_and_return(i), note('b') FROM generate_series(11, 12) i)
INSERT INTO bulk SELECT set_and_return(i), note('c') FROM generate_series(21, 22) i;
-- without such a table each row has the context of its moment
INSERT INTO todo SELECT set_and_return(i) FROM generate_series(1, 2) i;
BEGIN;
INSERT INTO bulk SELECT set_and_return(i) FROM generate_series(1, 2) i;
INSERT INTO bulk VALUES (3, 'the next statement');
COMMIT;
SELECT * FROM captured();

-- none around, one within
RESET bemi.context;
INSERT INTO bulk SELECT i, note('insert ' || i) FROM generate_series(1, 2) i;
SELECT * FROM captured();
-- comments within functions do not count, and a rule's actions have the statement's
CREATE RULE also AS ON INSERT TO bulk_2 DO ALSO (INSERT INTO bulk VALUES (NEW.id, note('rule')); INSERT INTO todo VALUES (NEW.id));
INSERT INTO bulk_2 VALUES (1, 'x') /*Bemi {"mine": 1} Bemi*/\; SELECT 1 /*Bemi {"other": 2} Bemi*/;
SELECT * FROM captured();
DROP RULE also ON bulk_2;

-- nothing is written for nothing
SELECT FROM messages();
SET bemi.context = '{"by": "statement"}';
INSERT INTO bulk SELECT i FROM generate_series(1, 100) i;
SELECT messages();
CREATE FUNCTION note_as_caller(i int) RETURNS int LANGUAGE sql AS 'INSERT INTO audit VALUES (i) RETURNING i';
INSERT INTO bulk SELECT note_as_caller(i) FROM generate_series(1, 100) i;
SELECT messages();
INSERT INTO bulk SELECT i, note('x') FROM generate_series(1, 10) i;
SELECT messages();
SET bemi.enabled = off;
INSERT INTO bulk SELECT i, note('x') FROM generate_series(1, 10) i;
SELECT messages();
RESET bemi.enabled;
-- an error leaves nothing behind
DO $$
BEGIN
    FOR i IN 1 .. 100 LOOP
        BEGIN
            INSERT INTO bulk SELECT i / (i - i), note('x');
        EXCEPTION WHEN division_by_zero THEN
            NULL;
        END;
    END LOOP;
    INSERT INTO bulk VALUES (0, 'after errors');
    INSERT INTO todo VALUES (0, 'after errors');
END
$$;
SELECT * FROM captured() WHERE captured ~ 'after errors';

RESET bemi.context;
SELECT FROM pg_drop_replication_slot('regress');
SELECT FROM pg_drop_replication_slot('regress_messages');
DROP TABLE bulk, bulk_2, todo, audit, audit_2;
DROP FUNCTION captured(), messages(), note(text), note_sql(int), note_deep(text), note_before(), note_in_block(int),
    note_in_two_blocks(int), set_and_return(int), note_as_caller(int);
