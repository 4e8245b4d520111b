-- Deferred triggers: their rows carry the comment of the statement that queued them.
\t on
\pset format unaligned
CREATE TABLE todo (id int PRIMARY KEY, task text);
CREATE TABLE audit (note text);
CREATE TABLE audit_2 (note text);
SELECT bemi.track('audit');
SELECT bemi.track('audit_2', 'statement');
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
\i test/sql/include/captured.sql
-- the table with the trigger need not be tracked itself
CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit VALUES (TG_OP || ' ' || NEW.id) /*Bemi {"forged": 1} Bemi*/;
    INSERT INTO audit_2 VALUES (NEW.task);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER note_later AFTER INSERT OR UPDATE ON todo DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_it();

-- a statement alone, in a block, and in a string of several
INSERT INTO todo VALUES (1, 'alone') /*Bemi {"n": "insert"} Bemi*/;
BEGIN;
INSERT INTO todo VALUES (2, 'block') /*Bemi {"n": "insert"} Bemi*/;
SELECT 1 /*Bemi {"n": "not this one"} Bemi*/;
COMMIT;
INSERT INTO todo VALUES (3, 'string') /*Bemi {"n": "insert"} Bemi*/ \; SELECT 1 /*Bemi {"n": "not this one"} Bemi*/;
/*Bemi {"all": 1} Bemi*/ SELECT 1\; INSERT INTO todo VALUES (4, 'string') /*Bemi {"n": "insert"} Bemi*/ \; SELECT 1 /*Bemi {"n": "not this one"} Bemi*/ \g /dev/null
INSERT INTO todo VALUES (5, 'none')\; SELECT 1 /*Bemi {"n": "not this one"} Bemi*/;
DO $$ BEGIN INSERT INTO todo VALUES (6, 'do'); END $$ /*Bemi {"n": "do"} Bemi*/ \; SELECT 1 /*Bemi {"n": "not this one"} Bemi*/;
COPY todo FROM STDIN /*Bemi {"n": "copy"} Bemi*/ \; SELECT 1 /*Bemi {"n": "not this one"} Bemi*/;
7	copy
\.
SELECT * FROM captured();

-- several statements with the same comment; with different ones it is not known whose trigger runs: none
BEGIN;
INSERT INTO todo VALUES (10, 'x') /*Bemi {"n": "insert"} Bemi*/;
UPDATE todo SET task = 'y' WHERE id = 10 /*Bemi {"n": "insert"} Bemi*/;
COMMIT;
SET bemi.context = '{"session": 1}';
BEGIN;
INSERT INTO todo VALUES (11, 'x') /*Bemi {"n": "insert"} Bemi*/;
INSERT INTO todo VALUES (12, 'x') /*Bemi {"n": "another"} Bemi*/;
COMMIT;
INSERT INTO todo VALUES (13, 'x') /*Bemi {"n": "insert"} Bemi*/ \; INSERT INTO todo VALUES (14, 'x');
/*Bemi {"all": 1} Bemi*/ INSERT INTO todo VALUES (15, 'x') /*Bemi {"n": "insert"} Bemi*/ \; INSERT INTO todo VALUES (16, 'x');
RESET bemi.context;
SELECT * FROM captured();

-- the statement that has them run may have a comment of its own, which goes over it key by key
BEGIN;
INSERT INTO todo VALUES (20, 'x') /*Bemi {"n": "insert", "by": "insert"} Bemi*/;
COMMIT /*Bemi {"n": "commit"} Bemi*/;
BEGIN\; INSERT INTO todo VALUES (21, 'x')\; end transaction /*Bemi {"n": "end"} Bemi*/\; INSERT INTO audit VALUES ('last') /*Bemi {"n": "last"} Bemi*/;
BEGIN;
INSERT INTO todo VALUES (22, 'x') /*Bemi {"n": "insert", "by": "insert"} Bemi*/;
SET CONSTRAINTS ALL IMMEDIATE /*Bemi {"n": "set constraints"} Bemi*/;
INSERT INTO audit VALUES ('in between');
COMMIT /*Bemi {"n": "commit"} Bemi*/;
BEGIN\; INSERT INTO todo VALUES (23, 'x')\; PREPARE TRANSACTION 'regress_bemi' /*Bemi {"n": "prepare"} Bemi*/\; SELECT 1 /*Bemi {"n": "not this one"} Bemi*/;
COMMIT PREPARED 'regress_bemi' /*Bemi {"n": "not this one"} Bemi*/;
BEGIN\; INSERT INTO todo VALUES (24, 'x') /*Bemi {"n": "insert"} Bemi*/\; PREPARE TRANSACTION 'regress_bemi'\; SELECT 1 /*Bemi {"n": "not this one"} Bemi*/;
COMMIT PREPARED 'regress_bemi';
-- a statement that only looks like one
INSERT INTO todo VALUES (25, 'x') /*Bemi {"n": "insert"} Bemi*/ \; PREPARE p AS SELECT 1 /*Bemi {"n": "not this one"} Bemi*/;
DEALLOCATE p;
SELECT * FROM captured();

-- a deferred trigger that queues another one; cursors in one
CREATE FUNCTION update_it() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c CURSOR FOR SELECT note_it('from a cursor');
    result text;
BEGIN
    UPDATE todo SET task = 'later' WHERE id = NEW.id;
    OPEN c;
    FETCH c INTO result;
    CLOSE c;
    RETURN NULL;
END
$$;
CREATE FUNCTION note_it(note text) RETURNS text LANGUAGE sql AS 'INSERT INTO audit VALUES (note) RETURNING note';
CREATE CONSTRAINT TRIGGER update_later AFTER INSERT ON todo DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION update_it();
INSERT INTO todo VALUES (30, 'x') /*Bemi {"n": "insert"} Bemi*/ \; SELECT 1 /*Bemi {"n": "not this one"} Bemi*/;
SELECT * FROM captured();
DROP TRIGGER update_later ON todo;

-- savepoints: what was rolled back has queued nothing, but may keep it from being known whose trigger runs
BEGIN;
SAVEPOINT a;
INSERT INTO todo VALUES (40, 'x') /*Bemi {"n": "rolled back"} Bemi*/;
ROLLBACK TO a;
INSERT INTO todo VALUES (41, 'x') /*Bemi {"n": "insert"} Bemi*/;
COMMIT;
-- in a procedure: its own commits too
CREATE PROCEDURE in_steps() LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO todo VALUES (42, 'x');
    COMMIT;
    INSERT INTO todo VALUES (43, 'x');
END
$$;
CALL in_steps() /*Bemi {"n": "call"} Bemi*/;
-- after an error the next transaction starts afresh
INSERT INTO todo VALUES (44, 'x') /*Bemi {"n": "failed"} Bemi*/ \; SELECT 1 / 0;
INSERT INTO todo VALUES (45, 'x');
SELECT * FROM captured();

-- a cursor WITH HOLD is read when its transaction ends: by the statement that ends it, or that declares it alone
BEGIN;
INSERT INTO todo VALUES (50, 'x') /*Bemi {"n": "insert"} Bemi*/;
DECLARE held CURSOR WITH HOLD FOR SELECT note_it('held ' || i) FROM generate_series(1, 2) i /*Bemi {"n": "declared"} Bemi*/;
COMMIT /*Bemi {"n": "commit"} Bemi*/;
CLOSE held;
DECLARE held CURSOR WITH HOLD FOR SELECT note_it('alone') /*Bemi {"n": "declared"} Bemi*/;
CLOSE held;
DECLARE held CURSOR WITH HOLD FOR SELECT note_it('string') /*Bemi {"n": "declared"} Bemi*/ \; SELECT 1 /*Bemi {"n": "not this one"} Bemi*/;
CLOSE held;
SELECT * FROM captured();

SELECT FROM pg_drop_replication_slot('regress');
DROP TABLE todo, audit, audit_2;
DROP FUNCTION captured(), note_it(), note_it(text), update_it();
DROP PROCEDURE in_steps();
