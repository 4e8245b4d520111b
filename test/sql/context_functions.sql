-- bemi.set_context(), merge_context(), current_context() and clear_context().
\t on
\pset format unaligned
\pset null NULL

-- set_context() replaces, and returns what is set
SELECT bemi.set_context('{"user_id": 7, "tags": ["a", {"b": null}]}');
SELECT bemi.set_context('{"endpoint": "/todo"}');
SELECT bemi.current_context();
SELECT bemi.set_context('{}');
SELECT bemi.current_context();
-- NULL clears
SELECT bemi.set_context('{"a": 1}');
SELECT bemi.set_context(NULL);
SELECT bemi.current_context(), current_setting('bemi.context') = '' AS is_empty;
-- what is no object is refused, and the old context stays
SELECT bemi.set_context('{"old": 1}');
SELECT bemi.set_context('[1]');
\echo :SQLSTATE
SELECT bemi.set_context('7');
\echo :SQLSTATE
SELECT bemi.set_context('null');
\echo :SQLSTATE
SELECT bemi.set_context('"text"');
\echo :SQLSTATE
SELECT bemi.current_context();
-- too large
SELECT bemi.set_context(jsonb_build_object('x', repeat('x', 1024 * 1024)));
\echo :SQLSTATE
SELECT bemi.current_context();
-- too deep for a context, though not for jsonb
SELECT bemi.set_context(('{"a":' || repeat('[', 1000) || repeat(']', 1000) || '}')::jsonb);
\echo :SQLSTATE

-- is_local: true ends with the transaction, false with the session, as for set_config()
SELECT bemi.set_context('{"session": 1}');
BEGIN;
SELECT bemi.set_context('{"local": 1}', true);
SELECT bemi.current_context();
COMMIT;
SELECT bemi.current_context();
BEGIN;
SELECT bemi.set_context('{"local": 1}', is_local => true);
ROLLBACK;
SELECT bemi.current_context();
BEGIN;
SELECT bemi.set_context('{"session": 2}', false);
COMMIT;
SELECT bemi.current_context();
BEGIN;
SELECT bemi.set_context(NULL, true);
SELECT bemi.current_context();
COMMIT;
SELECT bemi.current_context();
SELECT bemi.set_context('{"local": 2}', true);
SELECT bemi.current_context();
-- NULL, the default: in a transaction block until its end, so that the next user of the connection has none of it
BEGIN;
SELECT bemi.set_context('{"block": 1}');
SELECT bemi.merge_context('{"more": 1}');
SELECT bemi.current_context();
COMMIT;
SELECT bemi.current_context();
BEGIN;
SELECT bemi.set_context('{"block": 1}', NULL);
SAVEPOINT one;
SELECT bemi.merge_context('{"savepoint": 1}');
RELEASE one;
SELECT bemi.current_context();
ROLLBACK;
SELECT bemi.current_context();
BEGIN;
SELECT bemi.clear_context();
SELECT bemi.current_context();
COMMIT;
SELECT bemi.current_context();
-- a string of several statements is a block too
SELECT FROM bemi.set_context('{"string": 1}')\; SELECT bemi.current_context();
SELECT bemi.current_context();
-- outside for the session, whatever calls it
SELECT bemi.set_context('{"session": 3}');
SELECT bemi.current_context();
DO $$ BEGIN PERFORM bemi.set_context('{"session": 4}'); END $$;
SELECT bemi.current_context();
DO $$ BEGIN BEGIN PERFORM bemi.set_context('{"session": 5}'); EXCEPTION WHEN division_by_zero THEN NULL; END; END $$;
SELECT bemi.current_context();
CREATE PROCEDURE set_and_commit(value jsonb) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bemi.set_context(value);
    COMMIT;
    PERFORM bemi.merge_context('{"committed": true}');
END
$$;
CALL set_and_commit('{"session": 6}');
SELECT bemi.current_context();
CREATE FUNCTION sets_in_a_block() RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RETURN bemi.set_context('{"function": 1}'); END $$;
BEGIN;
SELECT sets_in_a_block();
DO $$ BEGIN PERFORM bemi.merge_context('{"do": 1}'); END $$;
SELECT bemi.current_context();
COMMIT;
SELECT bemi.current_context();
DROP FUNCTION sets_in_a_block();
DROP PROCEDURE set_and_commit(jsonb);
-- false within a block: for the session, also where the block has one of its own
BEGIN;
SELECT bemi.set_context('{"block": 1}');
SELECT bemi.merge_context('{"kept": 1}', false);
COMMIT;
SELECT bemi.current_context();
BEGIN;
SELECT bemi.clear_context(false);
COMMIT;
SELECT bemi.current_context();
SELECT bemi.set_context('{"session": 3}');
BEGIN;
SELECT bemi.clear_context(true);
SELECT bemi.current_context();
ROLLBACK;
SELECT bemi.current_context();
-- a savepoint
BEGIN;
SAVEPOINT one;
SELECT bemi.set_context('{"rolled": "back"}');
ROLLBACK TO one;
SELECT bemi.current_context();
COMMIT;

-- merge_context(): top-level keys are set, the others stay
SELECT bemi.set_context('{"a": 1, "b": {"x": 1}}');
SELECT bemi.merge_context('{"c": 3}');
SELECT bemi.merge_context('{"a": "changed"}');
-- shallow: an object is replaced as a whole
SELECT bemi.merge_context('{"b": {"y": 2}}');
-- a null removes the key, at the top level only, and need not find it
SELECT bemi.merge_context('{"a": null, "missing": null, "b": {"z": null}}');
SELECT bemi.merge_context('{}');
SELECT bemi.merge_context(NULL);
SELECT bemi.merge_context('{"b": null, "c": null}');
SELECT bemi.merge_context('{"a": 1}');
SELECT bemi.clear_context();
SELECT bemi.merge_context('{"first": 1, "nothing": null}');
SELECT bemi.merge_context('[1]');
\echo :SQLSTATE
SELECT bemi.merge_context('null');
\echo :SQLSTATE
SELECT bemi.merge_context('"a"');
\echo :SQLSTATE
SELECT bemi.current_context();
-- local
BEGIN;
SELECT bemi.merge_context('{"second": 2}', true);
SELECT bemi.merge_context('{"third": 3}', true);
COMMIT;
SELECT bemi.current_context();
-- what the merge leaves alone keeps its bytes
SET bemi.context = '{ "price": 1.10,  "exp": 1e5, "big": 123456789012345678901234567890.10 }';
SELECT bemi.merge_context('{"a": 1.10}');
SHOW bemi.context;
SELECT bemi.merge_context('{"price": 2.50}');
SHOW bemi.context;
-- keys that are written in different ways are the same key
SET bemi.context = '{"\u0061": 1, "quote\"d": 2, "sl\/ash": 3, "\u00e9": 4, "\ud83d\ude00": 5, "": 6, "tab\t": 7}';
SELECT bemi.merge_context('{"a": 10, "quote\"d": 20, "sl/ash": 30, "é": 40, "😀": 50, "": 60, "tab\t": 70}');
SELECT bemi.merge_context('{"\u0061": null, "quote\u0022d": null, "sl/ash": null, "é": null, "\ud83d\ude00": null, "": null, "tab\u0009": null}');
-- duplicates in what was set count as the last one, and all of them go
SET bemi.context = '{"a": 1, "b": 2, "a": 3}';
SELECT bemi.merge_context('{"c": 4}');
SELECT bemi.merge_context('{"a": null}');
-- the size of the result counts
SELECT bemi.set_context('{"old": 1}');
SELECT bemi.merge_context(jsonb_build_object('x', repeat('x', 524000))) ->> 'old';
SELECT bemi.merge_context(jsonb_build_object('y', repeat('y', 524600))) ->> 'old';
\echo :SQLSTATE
SELECT (SELECT string_agg(k, ',') FROM jsonb_object_keys(bemi.current_context()) k);

-- clear_context()
SELECT bemi.clear_context();
SELECT bemi.current_context();
SELECT bemi.set_context('{"a": 1}');
BEGIN;
SELECT bemi.clear_context(false);
ROLLBACK;
SELECT bemi.current_context();
SELECT bemi.clear_context();

-- current_context() includes the statement's comment; the functions that set return what the session has
SELECT bemi.set_context('{"session": 1}');
SELECT bemi.current_context() /*Bemi {"comment": 1} Bemi*/;
SELECT bemi.merge_context('{"m": 1}') /*Bemi {"comment": 1} Bemi*/;
SELECT bemi.current_context();
-- bemi.enabled = off: a change would carry none
SET bemi.enabled = off;
SELECT bemi.current_context();
RESET bemi.enabled;
SELECT bemi.current_context();
SELECT bemi.clear_context();

-- read-only transactions
BEGIN READ ONLY;
SELECT bemi.set_context('{"read": "only"}');
SELECT bemi.merge_context('{"more": 1}');
SELECT bemi.current_context();
SELECT bemi.clear_context();
COMMIT;

-- a role without any privileges may do all of this
CREATE ROLE regress_bemi_nobody;
SET ROLE regress_bemi_nobody;
SELECT bemi.set_context('{"by": "nobody"}');
SELECT bemi.merge_context('{"more": 1}');
SELECT bemi.current_context();
SELECT bemi.clear_context();
RESET ROLE;
DROP ROLE regress_bemi_nobody;

-- in a parallel query: the leader answers
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE TABLE wide AS SELECT i FROM generate_series(1, 1000) i;
ALTER TABLE wide SET (parallel_workers = 2);
SELECT bemi.set_context('{"a": 1}');
SELECT count(*), count(*) FILTER (WHERE bemi.current_context() = '{"a": 1, "c": 2}') FROM wide /*Bemi {"c": 2} Bemi*/;
DROP TABLE wide;
-- one function sees what the other did in the same statement
SELECT bemi.set_context('{"n": 1}'), bemi.merge_context('{"m": 2}'), bemi.current_context(), bemi.clear_context(), bemi.current_context();
