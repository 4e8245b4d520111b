-- bemi.capture: what the server itself adds to the context.
\t on
\pset format unaligned
\pset null NULL
SELECT current_user AS superuser \gset
CREATE ROLE regress_bemi_alice LOGIN;
CREATE ROLE regress_bemi_bob;
CREATE TABLE todo (id int, task text);
GRANT ALL ON todo TO PUBLIC;
SELECT bemi.track('todo');
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
\i test/sql/include/captured.sql

-- nothing by default
SHOW bemi.capture;
SELECT bemi.current_context();

-- a bad list
SET bemi.capture = 'sql, nonsense';
\echo :SQLSTATE
SET bemi.capture = 'sql,,user';
SHOW bemi.capture;
-- case and spaces do not matter
SET bemi.capture = ' USER ,session_user';
SELECT bemi.current_context() - 'pg', array(SELECT jsonb_object_keys(bemi.current_context() -> 'pg'));
-- as does not whether it is given as a list or as one word
SET bemi.capture = sql, backend_pid;
SELECT array(SELECT jsonb_object_keys(bemi.current_context())), array(SELECT jsonb_object_keys(bemi.current_context() -> 'pg'));
SET bemi.capture = '';
SELECT bemi.current_context();

-- each alone
SET application_name = 'app "quoted" \ é';
SET bemi.capture = 'sql';
SELECT bemi.current_context();
SET bemi.capture = 'user';
SELECT bemi.current_context() = jsonb_build_object('pg', jsonb_build_object('user', current_user));
SET bemi.capture = 'session_user';
SELECT bemi.current_context() = jsonb_build_object('pg', jsonb_build_object('session_user', session_user));
SET bemi.capture = 'application_name';
SELECT bemi.current_context() = jsonb_build_object('pg', jsonb_build_object('application_name', current_setting('application_name')));
SET bemi.capture = 'client_addr';
SELECT bemi.current_context() = jsonb_build_object('pg', jsonb_build_object('client_addr', host(inet_client_addr())));
SET bemi.capture = 'backend_pid';
SELECT bemi.current_context() = jsonb_build_object('pg', jsonb_build_object('backend_pid', pg_backend_pid()));
-- all
SET bemi.capture = 'sql, user, session_user, application_name, client_addr, backend_pid';
SELECT array(SELECT jsonb_object_keys(bemi.current_context())), array(SELECT jsonb_object_keys(bemi.current_context() -> 'pg'));

-- the statement: as sent, without the context comment and the semicolon
SET bemi.capture = 'sql';
INSERT INTO todo VALUES (1, 'it''s "quoted" \ é 日本'); -- not sent
INSERT INTO todo
VALUES (2, 'two lines') /*Bemi {"user_id": 7} Bemi*/ ;
/*Bemi {"user_id": 8} Bemi*/ INSERT /* kept */ INTO todo VALUES (3, '/*Bemi {"kept": 1} Bemi*/');
-- several statements in one message: each has its own
INSERT INTO todo VALUES (4, 'first') /*Bemi {"n": 4} Bemi*/\; INSERT INTO todo VALUES (5, 'second')\; INSERT INTO todo VALUES (6, 'third') /*Bemi {"n": 6} Bemi*/;
-- what a function does, belongs to the statement that called it
DO $$ BEGIN UPDATE todo SET task = 'done' WHERE id = 1; END $$;
SELECT * FROM captured();

-- the client cannot override a fact, neither by the setting nor by a comment
SET bemi.capture = 'sql, session_user';
SET bemi.context = '{"SQL": "forged", "pg": {"session_user": "forged", "backend_pid": 1}, "sql": "mine", "\u0053QL": "escaped"}';
SELECT bemi.current_context() ->> 'SQL', bemi.current_context() ->> 'sql', (bemi.current_context() -> 'pg') - 'sql' = jsonb_build_object('session_user', session_user);
SELECT bemi.current_context() ->> 'SQL', (bemi.current_context() -> 'pg') - 'sql' = jsonb_build_object('session_user', session_user) /*Bemi {"SQL": "forged", "pg": {"session_user": "forged"}} Bemi*/;
SELECT bemi.merge_context('{"SQL": null, "pg": null}') ->> 'SQL', bemi.current_context() ? 'SQL', bemi.current_context() ? 'pg';
-- the key pg is the server's, whatever is captured; SQL is the client's where the statement is not captured
SET bemi.capture = 'sql';
SET bemi.context = '{"pg": "mine"}';
SELECT bemi.current_context();
SET bemi.capture = 'backend_pid';
SET bemi.context = '{"pg": {"session_user": "mine"}, "SQL": "mine"}';
SELECT bemi.current_context() - 'pg', array(SELECT jsonb_object_keys(bemi.current_context() -> 'pg'));
SET bemi.capture = '';
SELECT bemi.current_context();
SET bemi.context = '{"a": 1.10, "\u0070g": {"session_user": "mine"}, "pg": 1, "b": {"pg": 1}}';
SELECT bemi.current_context();
SET bemi.context = '{"pg": {"session_user": "mine"}}';
SELECT bemi.current_context(), bemi.current_context() ? 'pg' /*Bemi {"pg": {}, "x": "pg"} Bemi*/;
SELECT bemi.set_context('{"pg": {"user": "mine"}}'), bemi.merge_context('{"pg": {"user": "mine"}, "y": 1}'), bemi.current_context();
RESET bemi.context;

-- facts that change within a transaction
SET bemi.capture = 'user, session_user, application_name';
SET application_name = 'one';
SET SESSION AUTHORIZATION regress_bemi_alice;
RESET SESSION AUTHORIZATION;
CREATE FUNCTION as_owner() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ UPDATE todo SET task = 'by the owner' WHERE id = 10 $$;
ALTER FUNCTION as_owner() OWNER TO regress_bemi_bob;
BEGIN;
SET LOCAL SESSION AUTHORIZATION regress_bemi_alice;
INSERT INTO todo VALUES (10, 'alice');
SELECT as_owner();
UPDATE todo SET task = 'alice again' WHERE id = 10;
RESET SESSION AUTHORIZATION;
SET LOCAL ROLE regress_bemi_bob;
SELECT regexp_replace(current_user, '^regress_bemi_', ''), session_user = :'superuser';
UPDATE todo SET task = 'bob' WHERE id = 10;
SET LOCAL application_name = 'two';
UPDATE todo SET task = 'bob' WHERE id = 10;
UPDATE todo SET task = 'bob, the same' WHERE id = 10;
COMMIT;
SELECT replace(c, :'superuser', 'SUPERUSER') FROM captured() c;

-- a foreign key's cascade is run by the owner of the table
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent ON DELETE CASCADE);
ALTER TABLE child OWNER TO regress_bemi_bob;
SELECT bemi.track('parent'), bemi.track('child');
GRANT ALL ON parent, child TO PUBLIC;
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1);
SELECT FROM captured();
SET bemi.capture = 'user';
SET ROLE regress_bemi_alice;
DELETE FROM parent;
RESET ROLE;
SELECT * FROM captured();
DROP TABLE parent, child;

-- a role that is renamed is called by its new name, one that is dropped does not matter
ALTER ROLE regress_bemi_bob RENAME TO "regress_bemi_Bob ""2""";
SET ROLE "regress_bemi_Bob ""2""";
SELECT bemi.current_context() #>> '{pg,user}';
RESET ROLE;
ALTER ROLE "regress_bemi_Bob ""2""" RENAME TO regress_bemi_bob;

-- privileges: nobody but a superuser changes these, and what the superuser set for a role stays
ALTER ROLE regress_bemi_alice SET bemi.capture = 'session_user';
ALTER ROLE regress_bemi_alice SET bemi.capture = 'nonsense';
\c - regress_bemi_alice
SHOW bemi.capture;
SET bemi.capture = '';
\echo :SQLSTATE
RESET bemi.capture;
SELECT set_config('bemi.capture', '', false);
SET bemi.enabled = off;
SET bemi.max_context_size = '2MB';
SET bemi.comment_affix = '';
ALTER ROLE regress_bemi_alice RESET bemi.capture;
ALTER ROLE regress_bemi_alice SET bemi.enabled = off;
RESET ALL;
DISCARD ALL;
SELECT bemi.current_context();
SET bemi.context = '{"pg": {"session_user": "somebody else"}}';
SELECT bemi.current_context();
INSERT INTO todo VALUES (20, 'by alice') /*Bemi {"pg": {}} Bemi*/;
\c - :superuser
\t on
\pset format unaligned
SELECT * FROM captured();

-- a statement longer than a context may be is cut, at a whole character
SET bemi.capture = 'sql';
\set ECHO none
SELECT 'SELECT octet_length(bemi.current_context() ->> ''SQL''), ''' || repeat('é', 600000) || ''' IS NULL' \gexec
\set ECHO all

SELECT FROM pg_drop_replication_slot('regress');
DROP FUNCTION captured(), as_owner();
DROP TABLE todo;
DROP ROLE regress_bemi_alice, regress_bemi_bob;
