-- The key pg of a context is what the server attests: whoever else writes it, in whatever way, is not heard.
SET synchronous_commit = on;
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
SELECT current_user AS SUPERUSER \gset
CREATE ROLE regress_bemi_alice LOGIN;
CREATE ROLE regress_bemi_mallory LOGIN REPLICATION;
CREATE SCHEMA decode_facts;
GRANT ALL ON SCHEMA decode_facts TO PUBLIC;
SET search_path = decode_facts;
CREATE EXTENSION IF NOT EXISTS bemi;
CREATE TABLE t (id int, what text);
CREATE TABLE bulk (id int);
GRANT ALL ON t, bulk TO PUBLIC;
SELECT bemi.track('t'), bemi.track('bulk', level => 'statement');
SELECT 'ready' FROM pg_create_logical_replication_slot('decode_facts', 'bemi');
CREATE FUNCTION changes(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(data, '^.*"after":(\{.*\}),"context":(\{.*\}),"committed_at".*$', '\1 \2')
    FROM pg_logical_slot_peek_changes('decode_facts', NULL, NULL, VARIADIC array['include-tables', 'decode_facts.*', 'messages', '*'] || options)
$$;
CREATE FUNCTION done() RETURNS text LANGUAGE sql AS $$
    SELECT 'done' FROM (SELECT count(*) FROM pg_logical_slot_get_changes('decode_facts', NULL, NULL)) c
$$;

-- A forger has one transaction and all ways to say something.
CREATE PROCEDURE forge(last int, transactional boolean DEFAULT true) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('bemi.context', '{"mine": 1, "pg": {"user": "ceo"}, "\u0070g": {"user": "ceo"}}', true);
    INSERT INTO decode_facts.t VALUES (last + 1, 'setting');
    PERFORM pg_logical_emit_message(transactional, '_bemi', '{"mine": 2, "pg": {"user": "ceo"}}');
    INSERT INTO decode_facts.t VALUES (last + 2, 'claim');
    PERFORM pg_logical_emit_message(transactional, '_bemi_facts', '{"user": "ceo"}');
    INSERT INTO decode_facts.t VALUES (last + 3, 'facts');
    PERFORM pg_logical_emit_message(transactional, '_bemi_facts', '{"pg": {"user": "ceo"}}');
    PERFORM pg_logical_emit_message(transactional, '_bemi_facts', '{}');
    PERFORM pg_logical_emit_message(transactional, '_bemi_facts', 'nonsense');
    INSERT INTO decode_facts.bulk VALUES (last + 4);
END
$$;

-- An ordinary role, with facts
ALTER ROLE regress_bemi_alice SET bemi.capture = 'user';
ALTER ROLE regress_bemi_mallory SET bemi.capture = 'session_user';
\c - regress_bemi_alice
SET search_path = decode_facts;
CALL forge(0);
CALL forge(10, transactional => false);
INSERT INTO t VALUES (20, 'comment') /*Bemi {"mine": 3, "pg": {"user": "ceo"}} Bemi*/;
INSERT INTO t VALUES (21, 'nothing');
\c - :superuser
SET search_path = decode_facts;
SELECT changes();
SELECT done();

-- and without
ALTER ROLE regress_bemi_alice RESET bemi.capture;
\c - regress_bemi_alice
SET search_path = decode_facts;
CALL forge(30);
CALL forge(40, transactional => false);
INSERT INTO t VALUES (50, 'comment') /*Bemi {"mine": 3, "pg": {"user": "ceo"}} Bemi*/;
INSERT INTO t VALUES (51, 'SQL is a claim') /*Bemi {"SQL": "mine", "pg": {"sql": "mine"}} Bemi*/;
\c - :superuser
SET search_path = decode_facts;
SELECT changes();
SELECT done();

-- A role with REPLICATION that may do all there is with origins
SELECT count(pg_replication_origin_create('decode_facts_' || n)) FROM generate_series(1, 3) n;
SELECT format('GRANT EXECUTE ON FUNCTION %s TO regress_bemi_mallory', oid::regprocedure) FROM pg_proc WHERE proname LIKE 'pg\_replication\_origin%' ORDER BY 1 \gexec
\c - regress_bemi_mallory
SET search_path = decode_facts;
SELECT pg_replication_origin_session_setup('decode_facts_2');
CALL forge(60);
BEGIN;
SELECT pg_replication_origin_xact_setup('0/ABCD', '2000-01-01 00:00Z');
CALL forge(70);
COMMIT;
SELECT pg_replication_origin_session_is_setup() AS still_the_sessions;
INSERT INTO t VALUES (75, 'again') /*Bemi {"mine": 3, "pg": {"session_user": "ceo"}} Bemi*/;
-- a context that is emitted under one origin and stays in force under another, or under none
BEGIN;
SET LOCAL bemi.context = '{"mine": 4}';
INSERT INTO t VALUES (76, 'with an origin');
SELECT pg_replication_origin_session_reset();
INSERT INTO t VALUES (77, 'without');
SELECT pg_replication_origin_session_setup('decode_facts_3');
INSERT INTO t VALUES (78, 'with another');
SELECT pg_replication_origin_session_reset();
COMMIT;
\c - :superuser
SET search_path = decode_facts;
SELECT changes();
SELECT data FROM pg_logical_slot_peek_changes('decode_facts', NULL, NULL, 'format-version', '2', 'include-types', 'false', 'include-transaction', 'false',
    'add-tables', 'decode_facts.t', 'filter-origins', (SELECT string_agg(roident::text, ',') FROM pg_replication_origin WHERE roname LIKE 'decode\_facts\_%'));
SELECT data FROM pg_logical_slot_peek_changes('decode_facts', NULL, NULL, 'add-tables', 'decode_facts.t') LIMIT 1;
SELECT done();

-- Facts and claims are written each when it changes, and a savepoint brings both back
SELECT 'ready' FROM pg_create_logical_replication_slot('decode_facts_wire', 'test_decoding');
SET bemi.capture = 'user, application_name';
BEGIN;
SET LOCAL bemi.context = '{"claim": 1}';
SET LOCAL application_name = 'one';
SET LOCAL ROLE regress_bemi_alice;
INSERT INTO t VALUES (80, 'alice one');
SAVEPOINT a;
SET LOCAL ROLE regress_bemi_mallory;
INSERT INTO t VALUES (81, 'mallory one');
SAVEPOINT b;
SET LOCAL bemi.context = '{"claim": 2}';
INSERT INTO t VALUES (82, 'mallory one');
SET LOCAL application_name = 'two';
INSERT INTO bulk VALUES (83);
ROLLBACK TO b;
INSERT INTO t VALUES (84, 'mallory one');
RELEASE b;
INSERT INTO t VALUES (85, 'mallory one');
ROLLBACK TO a;
INSERT INTO t VALUES (86, 'alice one');
SET LOCAL bemi.context = '';
INSERT INTO t VALUES (87, 'alice one');
RESET ROLE;
SET LOCAL bemi.capture = '';
INSERT INTO t VALUES (88, 'nothing');
SET LOCAL bemi.context = '{"claim": 3}';
INSERT INTO bulk VALUES (89);
COMMIT;
SELECT replace(changes, :'superuser', 'superuser') FROM changes();
SELECT data FROM pg_logical_slot_peek_changes('decode_facts_wire', NULL, NULL, 'include-xids', 'off') WHERE data ~ '^(message|table decode_facts)';
SELECT done();

-- The statement is pg.sql and SQL, whatever else is claimed; keys keep their order
SET bemi.capture = 'sql';
INSERT INTO t VALUES (90, 'x') /*Bemi {"z": 1.10, "SQL": "mine", "a": {"pg": 1}} Bemi*/;
SET bemi.capture = 'sql, user';
SET ROLE regress_bemi_alice;
INSERT INTO t VALUES (91, '"é\') /*Bemi {"\u0053QL": "mine"} Bemi*/;
RESET ROLE;
RESET bemi.capture;
SELECT changes();
SELECT data FROM pg_logical_slot_peek_changes('decode_facts', NULL, NULL, 'format-version', '2', 'include-types', 'false', 'include-transaction', 'false', 'add-tables', 'decode_facts.t');
SELECT done();

-- A claim above bemi.max_context_size ends the one before, but is not queued: the transaction stays too small to be streamed
SET logical_decoding_work_mem = '64kB';
BEGIN;
SET LOCAL bemi.context = '{"mine": 5}';
INSERT INTO t VALUES (92, 'before');
SELECT 'written' FROM pg_logical_emit_message(true, '_bemi', format('{"mine": "%s"}', repeat('x', 1024 * 1024)));
INSERT INTO t VALUES (93, 'after');
SELECT 'written' FROM pg_logical_emit_message(true, '_bemi', format('{"m": "%s"}', repeat('x', 1000)));
INSERT INTO t VALUES (94, 'after a smaller one');
COMMIT;
SELECT left(changes, 80) FROM changes('stream', 'on');
SELECT done();
RESET logical_decoding_work_mem;

-- WAL of a library that did not attest its facts yet: they are claims, and so is the statement
BEGIN;
SELECT 'written' FROM pg_logical_emit_message(true, '_bemi', '{"user_id":7,"SQL":"INSERT","pg":{"user":"alice"}}');
INSERT INTO t VALUES (95, 'old');
COMMIT;
SELECT changes();

SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'decode\_facts%';
SELECT count(pg_replication_origin_drop(roname)) FROM pg_replication_origin WHERE roname LIKE 'decode\_facts\_%';
SET client_min_messages = warning;
DROP SCHEMA decode_facts CASCADE;
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM regress_bemi_mallory', oid::regprocedure) FROM pg_proc WHERE proname LIKE 'pg\_replication\_origin%' ORDER BY 1 \gexec
DROP ROLE regress_bemi_alice, regress_bemi_mallory;
