-- bemi.track_schema(): every table of a schema, and those that appear there later.
\t on
\pset format unaligned
\pset null NULL
CREATE ROLE regress_bemi_owner;
CREATE ROLE regress_bemi_other;
CREATE SCHEMA app;
CREATE SCHEMA elsewhere;
CREATE FUNCTION tracked() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', t.relation, t.level, 'with ' || t.root, CASE WHEN t.by_schema THEN 'by schema' END,
                     (SELECT string_agg(format('%s:%s', tgname, tgenabled), ' ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = t.relation AND NOT tgisinternal),
                     t.problems)
    FROM bemi.tracked_tables t ORDER BY t.relation::text COLLATE "C"
$$;

-- what is there: tables, partitions with their root, none of what cannot be tracked
CREATE TABLE app.a (id int);
CREATE TABLE app.chosen (id int);
CREATE TABLE app.event (id int) PARTITION BY RANGE (id);
CREATE TABLE app.event_1 PARTITION OF app.event FOR VALUES FROM (0) TO (10);
CREATE TABLE elsewhere.event_2 PARTITION OF app.event FOR VALUES FROM (10) TO (20);
CREATE TABLE elsewhere.other (id int) PARTITION BY RANGE (id);
CREATE TABLE app.other_1 PARTITION OF elsewhere.other FOR VALUES FROM (0) TO (10);
CREATE TABLE "app"."Quoted ""Name""" ("Id" int);
CREATE UNLOGGED TABLE app.u (id int);
CREATE VIEW app.v AS SELECT * FROM app.a;
CREATE MATERIALIZED VIEW app.m AS SELECT * FROM app.a;
CREATE SEQUENCE app.s;
SELECT bemi.track('app.chosen', 'statement');
SELECT bemi.track_schema('app');
SELECT * FROM tracked();
SELECT schema, level FROM bemi.tracked_schemas;

-- what appears
CREATE TABLE app.b (id int);
CREATE TABLE app.ctas AS SELECT 1 AS id;
SELECT 1 AS id INTO app.selected;
CREATE TABLE IF NOT EXISTS app.b (id int);
CREATE TABLE IF NOT EXISTS app.if_not (id int);
CREATE TABLE app.of_like (LIKE app.a);
CREATE TYPE app.shape AS (id int);
CREATE TABLE app.typed OF app.shape;
CREATE TABLE app.serials (id serial PRIMARY KEY, j int UNIQUE REFERENCES app.serials);
CREATE TABLE app.child () INHERITS (app.a);
CREATE TABLE app.child_of_both () INHERITS (app.a, app.b);
CREATE TABLE app.event_3 PARTITION OF app.event FOR VALUES FROM (20) TO (30);
CREATE TABLE app.event_4 (id int);
ALTER TABLE app.event ATTACH PARTITION app.event_4 FOR VALUES FROM (30) TO (40);
ALTER TABLE app.u SET LOGGED;
SELECT * FROM tracked() t WHERE t !~ '^app\.(event_1|other|chosen|"Quoted)';
-- what appears and cannot be tracked
CREATE UNLOGGED TABLE app.u2 (id int);
CREATE TEMP TABLE t (id int);
CREATE VIEW app.v2 AS SELECT 1 AS id;
CREATE MATERIALIZED VIEW app.m2 AS SELECT 1 AS id;
CREATE FOREIGN DATA WRAPPER regress_bemi_dummy;
CREATE SERVER regress_bemi_server FOREIGN DATA WRAPPER regress_bemi_dummy;
CREATE FOREIGN TABLE app.ft (id int) SERVER regress_bemi_server;
CREATE TABLE elsewhere.not_here (id int);
SELECT relation FROM bemi.tracked_tables WHERE relation::text ~ 'u2|^t$|v2|m2|ft|not_here';
DROP FOREIGN DATA WRAPPER regress_bemi_dummy CASCADE;
-- created and dropped by one function; created, and gone before the command ends
DO $$ BEGIN CREATE TABLE app.gone (id int); DROP TABLE app.gone; END $$;
BEGIN;
CREATE TABLE app.rolled_back (id int);
SELECT count(*) FROM bemi.tracked_tables WHERE relation = 'app.rolled_back'::regclass;
ROLLBACK;
SELECT count(*) FROM bemi.tracked_tables WHERE relation NOT IN (SELECT oid FROM pg_class);
-- it works at once: the first row has its context
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
BEGIN;
CREATE TABLE app.at_once (id int);
INSERT INTO app.at_once VALUES (1) /*Bemi {"n": 1} Bemi*/;
COMMIT;
SELECT data FROM pg_logical_slot_get_changes('regress', NULL, NULL) WHERE data LIKE '%prefix: _bemi,%' OR data LIKE 'table app.at_once%';
SELECT FROM pg_drop_replication_slot('regress');

-- SET SCHEMA: what comes is tracked, what leaves stays tracked, for itself
CREATE TABLE elsewhere.mover (id int);
ALTER TABLE elsewhere.mover SET SCHEMA app;
SELECT * FROM tracked() t WHERE t LIKE '%mover%';
ALTER TABLE app.mover SET SCHEMA elsewhere;
SELECT * FROM tracked() t WHERE t LIKE '%mover%';
ALTER TABLE elsewhere.mover SET SCHEMA app;
SELECT * FROM tracked() t WHERE t LIKE '%mover%';
-- renamed
ALTER TABLE app.mover RENAME TO moved;
ALTER SCHEMA app RENAME TO "App ""2""";
SELECT schema, level FROM bemi.tracked_schemas;
CREATE TABLE "App ""2""".after_rename (id int);
SELECT * FROM tracked() t WHERE t ~ 'moved|after_rename';
ALTER SCHEMA "App ""2""" RENAME TO app;

-- again, with another level: those by schema follow it, those chosen do not
SELECT bemi.track_schema('app', 'statement');
CREATE TABLE app.c (id int);
SELECT * FROM tracked();
SELECT schema, level FROM bemi.tracked_schemas;
SELECT bemi.track_schema('app', 'nonsense');
\echo :SQLSTATE
-- again, the same: what was untracked or missed meanwhile is tracked
SELECT bemi.untrack('app.c');
SELECT bemi.track_schema('app', 'row');
SELECT * FROM tracked() t WHERE t ~ '^app\.(a|c|chosen|event) ';

-- untrack_schema(): those by schema go, those chosen stay
SELECT bemi.untrack_schema('app');
SELECT * FROM tracked();
SELECT schema FROM bemi.tracked_schemas;
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE '~bemi%' AND tgrelid NOT IN (SELECT relation FROM bemi.tracked_tables);
SELECT oid::regclass, relreplident FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r', 'p') AND relreplident <> 'd' ORDER BY oid::regclass::text;
CREATE TABLE app.d (id int);
SELECT count(*) FROM bemi.tracked_tables WHERE relation = 'app.d'::regclass;
SELECT bemi.untrack_schema('app');
\echo :SQLSTATE
SELECT bemi.untrack('app.chosen');
SELECT * FROM tracked();

-- refused
SELECT bemi.track_schema('pg_catalog');
\echo :SQLSTATE
SELECT bemi.track_schema('information_schema');
SELECT bemi.track_schema('pg_toast');
SELECT bemi.track_schema('bemi');
SELECT bemi.track_schema('missing');
\echo :SQLSTATE
SELECT bemi.track_schema(1::oid);
\echo :SQLSTATE
SELECT bemi.untrack_schema(1::oid);
SELECT bemi.track_schema(NULL), bemi.untrack_schema(NULL), bemi.track_schema(NULL, 'row');
DO $$
BEGIN
    PERFORM bemi.track_schema(pg_my_temp_schema());
EXCEPTION WHEN wrong_object_type THEN
    RAISE NOTICE 'a temporary schema: no';
END
$$;
SELECT * FROM bemi.tracked_schemas;

-- who may: the schema's owner, as far as its tables are his
SET client_min_messages = warning;
DROP SCHEMA app, elsewhere CASCADE;
RESET client_min_messages;
SELECT count(*) FROM bemi.tracked_tables;
CREATE SCHEMA app AUTHORIZATION regress_bemi_owner;
GRANT ALL ON SCHEMA app TO regress_bemi_other;
SET ROLE regress_bemi_other;
SELECT bemi.track_schema('app');
\echo :SQLSTATE
RESET ROLE;
SET ROLE regress_bemi_owner;
CREATE TABLE app.mine (id int);
SELECT bemi.track_schema('app');
RESET ROLE;
SET ROLE regress_bemi_other;
SELECT bemi.untrack_schema('app');
\echo :SQLSTATE
-- a table that somebody else makes there is tracked too
CREATE TABLE app.others (id int);
CREATE TABLE app.others_2 AS SELECT 1 AS id;
RESET ROLE;
CREATE TABLE app.superusers (id int);
SELECT * FROM tracked();
-- what somebody else has made there stays tracked, for itself, when the schema's owner untracks it
SET ROLE regress_bemi_owner;
SELECT bemi.untrack_schema('app');
\echo :SQLSTATE
RESET ROLE;
SELECT relation, by_schema FROM bemi.tracked_tables ORDER BY relation::text;
SELECT count(bemi.untrack(relation)) FROM bemi.tracked_tables;
-- and he cannot track it either: all or nothing
SET ROLE regress_bemi_owner;
SELECT bemi.track_schema('app');
\echo :SQLSTATE
RESET ROLE;
SELECT count(*) FROM bemi.tracked_tables;
DROP TABLE app.others, app.others_2, app.superusers;
-- a table that comes with children of somebody else: the user's DDL does not fail
CREATE SCHEMA elsewhere AUTHORIZATION regress_bemi_owner;
SET ROLE regress_bemi_owner;
SELECT bemi.track_schema('app');
CREATE TABLE elsewhere.parent (id int);
CREATE TABLE elsewhere.child () INHERITS (elsewhere.parent);
RESET ROLE;
ALTER TABLE elsewhere.child OWNER TO regress_bemi_other;
SET ROLE regress_bemi_owner;
ALTER TABLE elsewhere.parent SET SCHEMA app;
RESET ROLE;
SELECT * FROM tracked();

-- CREATE SCHEMA with tables in it
DROP SCHEMA app, elsewhere CASCADE;
SELECT * FROM bemi.tracked_schemas;
SELECT count(*) FROM bemi.tracked_tables;
CREATE SCHEMA app;
CREATE TABLE app.event (id int) PARTITION BY RANGE (id);
SELECT bemi.track_schema('app');
CREATE SCHEMA archive
    CREATE TABLE event_1 PARTITION OF app.event FOR VALUES FROM (0) TO (10)
    CREATE TABLE plain (id int)
    CREATE VIEW v AS SELECT * FROM plain;
SELECT * FROM tracked();
-- DETACH: in a tracked schema the table stays tracked, with what is below it
CREATE TABLE app.event_2 PARTITION OF app.event FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE app.event_21 PARTITION OF app.event_2 FOR VALUES FROM (10) TO (20);
ALTER TABLE app.event DETACH PARTITION app.event_2;
ALTER TABLE app.event DETACH PARTITION archive.event_1;
SELECT * FROM tracked();
-- dropped: a table, then all with the schema
DROP TABLE app.event;
SELECT * FROM tracked();
DROP SCHEMA app, archive CASCADE;
SELECT * FROM tracked();
SELECT * FROM bemi.tracked_schemas;
-- one of the same name starts afresh
CREATE SCHEMA app;
CREATE TABLE app.a (id int);
SELECT * FROM tracked();
DROP SCHEMA app CASCADE;

DROP FUNCTION tracked();
DROP TABLE t;
DROP ROLE regress_bemi_owner, regress_bemi_other;
