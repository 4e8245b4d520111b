-- bemi.track_each() and untrack_each(): one table a transaction. And what is kept where nothing is said.
\t on
\pset format unaligned
\pset null NULL
CREATE ROLE regress_bemi_owner;
CREATE ROLE regress_bemi_other;
CREATE SCHEMA app AUTHORIZATION regress_bemi_owner;
GRANT ALL ON SCHEMA app TO regress_bemi_other;
CREATE VIEW tracked AS SELECT relation, level, root, by_schema, problems FROM bemi.tracked_tables ORDER BY relation::text COLLATE "C";
GRANT SELECT ON tracked TO PUBLIC;
SET ROLE regress_bemi_owner;
CREATE TABLE app.a (id int);
CREATE TABLE app.chosen (id int);
CREATE TABLE app.event (id int) PARTITION BY RANGE (id);
CREATE TABLE app.event_1 PARTITION OF app.event FOR VALUES FROM (0) TO (10);
CREATE TABLE app."It's" (id int);
CREATE UNLOGGED TABLE app.u (id int);
SELECT bemi.track('app.chosen', 'statement');
-- not within a transaction, and before anything is done
BEGIN;
CALL bemi.track_each('app');
\echo :SQLSTATE
ROLLBACK;
BEGIN;
CALL bemi.untrack_each('app');
\echo :SQLSTATE
ROLLBACK;
DO $$ BEGIN CALL bemi.track_each('app'); EXCEPTION WHEN invalid_transaction_termination THEN RAISE NOTICE 'no'; END $$;
SELECT * FROM tracked;
-- nonsense
CALL bemi.track_each('app', 'nonsense');
\echo :SQLSTATE
CALL bemi.track_each('app', lock_timeout => '0');
\echo :SQLSTATE
CALL bemi.track_each('app', lock_timeout => NULL);
\echo :SQLSTATE
CALL bemi.track_each('missing');
\echo :SQLSTATE
CALL bemi.track_each('pg_catalog');
\echo :SQLSTATE
CALL bemi.untrack_each('app');
\echo :SQLSTATE
CALL bemi.track_each(NULL);
RESET ROLE;
SET ROLE regress_bemi_other;
CALL bemi.track_each('app');
\echo :SQLSTATE
CALL bemi.untrack_each('app');
\echo :SQLSTATE
RESET ROLE;
-- whatever the search_path says
SET ROLE regress_bemi_owner;
CREATE FUNCTION app.eq(int, int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'mine'; END $$;
CREATE OPERATOR app.= (FUNCTION = app.eq, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR app.> (FUNCTION = app.eq, LEFTARG = int, RIGHTARG = int);
CREATE FUNCTION app.concat(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'mine'; END $$;
SET search_path = app, pg_catalog;
CALL bemi.track_each('app');
RESET search_path;
SELECT * FROM tracked;
SELECT schema, level FROM bemi.tracked_schemas;
CREATE TABLE app.later (id int);
-- again: what is given changes, what is not given stays
CALL bemi.track_each('app', 'statement');
SELECT * FROM tracked;
SELECT bemi.untrack('app.a');
CALL bemi.track_each('app');
SELECT relation, level, by_schema FROM tracked WHERE level IS NOT NULL;
SELECT bemi.track_schema('app');
SELECT schema, level FROM bemi.tracked_schemas;
SELECT bemi.track('app.a');
SELECT relation, level, by_schema FROM tracked WHERE relation = 'app.a'::regclass;
SELECT bemi.track('app.a', 'row');
SELECT bemi.track('app.a');
SELECT relation, level, by_schema FROM tracked WHERE relation = 'app.a'::regclass;
CALL bemi.track_each('app', 'row');
SELECT relation, level, by_schema FROM tracked WHERE level IS NOT NULL;
-- a table that is tracked for the first time follows its schema, unless told otherwise
SELECT bemi.untrack('app.later'), bemi.untrack('app.chosen');
SELECT bemi.track('app.later'), bemi.track('app.chosen', 'row');
SELECT relation, level, by_schema FROM tracked WHERE relation::text ~ 'later|chosen';
RESET ROLE;

-- the owner changes in between: the new one may
ALTER TABLE app.later OWNER TO regress_bemi_other;
SET ROLE regress_bemi_owner;
SELECT bemi.untrack('app.later');
RESET ROLE;
SET ROLE regress_bemi_other;
SELECT bemi.untrack('app.later');
SELECT bemi.track('app.later');
RESET ROLE;
-- what cannot be done is told; all else is done
SET ROLE regress_bemi_owner;
CALL bemi.untrack_each('app');
RESET ROLE;
SELECT * FROM tracked;
SELECT schema FROM bemi.tracked_schemas;
SET ROLE regress_bemi_other;
SELECT bemi.untrack('app.later');
RESET ROLE;
SET ROLE regress_bemi_owner;
CALL bemi.untrack_each('app');
\echo :SQLSTATE
CALL bemi.track_each('app');
RESET ROLE;
SELECT * FROM tracked;

-- statement triggers do not fire for what a subscription applies
SET client_min_messages = error;
CREATE SUBSCRIPTION regress_bemi CONNECTION 'dbname=none' PUBLICATION none WITH (connect = false);
RESET client_min_messages;
SELECT bemi.track('app.event', 'statement'), bemi.track('app.chosen', 'statement');
INSERT INTO pg_subscription_rel SELECT s.oid, t.relation, 'r' FROM pg_subscription s, (VALUES ('app.event'::regclass), ('app.a')) AS t (relation);
SELECT relation, problems FROM tracked WHERE problems IS NOT NULL;
SELECT fix FROM bemi.doctor() WHERE found LIKE '%subscription%' \gexec
SELECT relation, problems FROM tracked WHERE problems IS NOT NULL;
ALTER SUBSCRIPTION regress_bemi SET (slot_name = NONE);
DROP SUBSCRIPTION regress_bemi;

SET client_min_messages = warning;
DROP SCHEMA app CASCADE;
DROP VIEW tracked;
DROP ROLE regress_bemi_owner, regress_bemi_other;
