-- A user's DDL neither fails nor waits because of bemi, and what appears is tracked, in whatever role and state.
\t on
\pset format unaligned
\pset null NULL
CREATE ROLE regress_bemi_owner;
CREATE ROLE regress_bemi_other;
CREATE SCHEMA app;
GRANT ALL ON SCHEMA app TO regress_bemi_owner, regress_bemi_other;
CREATE TABLE app.event (id int) PARTITION BY RANGE (id);
CREATE TABLE app.person (id int PRIMARY KEY);
SELECT bemi.track_schema('app');
CREATE SCHEMA plain;
CREATE TABLE plain.event (id int) PARTITION BY RANGE (id);
SELECT bemi.track('plain.event');
CREATE VIEW problems AS SELECT relation, level, root, problems FROM bemi.tracked_tables WHERE problems IS NOT NULL ORDER BY relation::text;

-- the replica role: what appears is tracked, what is dropped leaves nothing behind
SET session_replication_role = replica;
CREATE TABLE app.restored (id int);
SELECT relation, level, by_schema FROM bemi.tracked_tables WHERE relation = 'app.restored'::regclass;
CREATE TABLE plain.event_9 PARTITION OF plain.event FOR VALUES FROM (90) TO (100);
CREATE SCHEMA short;
SELECT bemi.track_schema('short');
CREATE TABLE short.t (id int);
SET client_min_messages = warning;
DROP SCHEMA short CASCADE;
RESET client_min_messages;
DROP TABLE app.restored, plain.event_9;
RESET session_replication_role;
CREATE TABLE plain.event_9 PARTITION OF plain.event FOR VALUES FROM (90) TO (100);
ALTER TABLE plain.event DETACH PARTITION plain.event_9;
ALTER TABLE plain.event ATTACH PARTITION plain.event_9 FOR VALUES FROM (90) TO (100);
CREATE TABLE plain.parent (id int);
CREATE TABLE plain.child () INHERITS (plain.parent);
CREATE SCHEMA short CREATE TABLE t (id int);
SELECT relation FROM bemi.tracked_tables ORDER BY relation::text;
DROP SCHEMA short CASCADE;

-- nothing granted on bemi's schema, on its function, and the owner has no rights on his own table
REVOKE USAGE ON SCHEMA bemi FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION bemi.emit_context() FROM PUBLIC;
SET ROLE regress_bemi_owner;
CREATE TABLE app.by_owner (id int);
CREATE TABLE app.by_owner_2 AS SELECT 1 AS id WHERE false;
REVOKE ALL ON app.by_owner FROM regress_bemi_owner;
CREATE TEMP TABLE t (id int);
DROP TABLE t;
ALTER TABLE app.by_owner SET UNLOGGED;
ALTER TABLE app.by_owner SET LOGGED;
RESET ROLE;
GRANT USAGE ON SCHEMA bemi TO PUBLIC;
GRANT EXECUTE ON FUNCTION bemi.emit_context() TO PUBLIC;
SELECT relation, level, by_schema, problems FROM bemi.tracked_tables WHERE relation::text LIKE 'app.by%' ORDER BY relation::text;
DROP TABLE app.by_owner, app.by_owner_2;

-- pending trigger events, and open scans: ATTACH, DETACH, SET SCHEMA
CREATE TABLE plain.event_1 (id int, person int REFERENCES app.person DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE plain.event ADD COLUMN person int;
INSERT INTO app.person VALUES (1);
BEGIN;
INSERT INTO plain.event_1 VALUES (1, 1);
ALTER TABLE plain.event ATTACH PARTITION plain.event_1 FOR VALUES FROM (0) TO (10);
COMMIT;
SELECT relation, level, root, problems FROM bemi.tracked_tables WHERE relation = 'plain.event_1'::regclass;
SELECT bemi.track('plain.event');
BEGIN;
INSERT INTO plain.event_1 VALUES (2, 1);
ALTER TABLE plain.event DETACH PARTITION plain.event_1;
COMMIT;
-- (a trigger cannot be taken off now: it stays tracked, by itself)
SELECT relation, level, root, problems FROM bemi.tracked_tables WHERE relation = 'plain.event_1'::regclass;
SELECT bemi.untrack('plain.event_1');
BEGIN;
INSERT INTO plain.event_1 VALUES (3, 1);
ALTER TABLE plain.event_1 SET SCHEMA app;
COMMIT;
SELECT relation, level, by_schema, problems FROM bemi.tracked_tables WHERE relation = 'app.event_1'::regclass;
DROP TABLE app.event_1;
CREATE TABLE plain.event_2 (id int, person int);
INSERT INTO plain.event_2 VALUES (10, 1), (11, 1);
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM plain.event_2 LOOP
        IF r.id = 10 THEN ALTER TABLE plain.event ATTACH PARTITION plain.event_2 FOR VALUES FROM (10) TO (20); END IF;
    END LOOP;
    FOR r IN SELECT * FROM plain.event_2 LOOP
        IF r.id = 10 THEN ALTER TABLE plain.event DETACH PARTITION plain.event_2; END IF;
    END LOOP;
    FOR r IN SELECT * FROM plain.event_2 LOOP
        IF r.id = 10 THEN ALTER TABLE plain.event_2 SET SCHEMA app; END IF;
    END LOOP;
END
$$;
SELECT relation, level, root, by_schema, problems FROM bemi.tracked_tables WHERE relation::text ~ 'event_2';
DROP TABLE app.event_2;

-- what belongs to others is not locked: neither an unlogged partition nor one that is tracked already
CREATE TABLE app.event_1 PARTITION OF app.event FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
CREATE UNLOGGED TABLE app.event_11 PARTITION OF app.event_1 FOR VALUES FROM (0) TO (5);
CREATE TABLE app.event_12 PARTITION OF app.event_1 FOR VALUES FROM (5) TO (10);
ALTER TABLE app.event_11 OWNER TO regress_bemi_other;
ALTER TABLE app.event_1 OWNER TO regress_bemi_owner;
ALTER TABLE app.event OWNER TO regress_bemi_owner;
SET ROLE regress_bemi_owner;
BEGIN;
CREATE TABLE app.event_2 PARTITION OF app.event FOR VALUES FROM (10) TO (20);
SELECT relation::regclass, mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation::regclass::text LIKE 'app.%' AND mode = 'AccessExclusiveLock' ORDER BY 1;
COMMIT;
RESET ROLE;
SELECT * FROM problems;

-- other functions' triggers that are called as bemi's: left alone, and shown
CREATE FUNCTION nop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE plain.mine (id int);
CREATE TRIGGER "~bemi_truncate" BEFORE TRUNCATE ON plain.mine EXECUTE FUNCTION nop();
SELECT bemi.track('plain.mine');
\echo :SQLSTATE
ALTER TABLE plain.mine SET SCHEMA app;
CREATE TRIGGER "~bemi_row" BEFORE INSERT ON app.person FOR EACH ROW EXECUTE FUNCTION nop();
CREATE OR REPLACE TRIGGER "~bemi_row" BEFORE INSERT ON app.person FOR EACH ROW EXECUTE FUNCTION nop();
CREATE TRIGGER "~set_context" BEFORE UPDATE ON app.person FOR EACH ROW EXECUTE FUNCTION nop();
CREATE TRIGGER "Überall" BEFORE UPDATE ON app.event FOR EACH ROW EXECUTE FUNCTION nop();
SELECT * FROM problems;
-- the fixes mend all of it
\o /dev/null
SELECT fix FROM bemi.doctor() WHERE NOT ok AND "check" = 'tables' ORDER BY found \gexec
\o
SELECT * FROM problems;
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgfoid = 'nop'::regproc AND tgparentid = 0 ORDER BY 1, 2;

-- event triggers of others, and commands within commands, see what they would see without bemi
CREATE TABLE seen (n serial, command text);
CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen (command) SELECT format('%s %s', command_tag, object_identity) FROM pg_event_trigger_ddl_commands();
END $$;
CREATE EVENT TRIGGER zzz_see ON ddl_command_end EXECUTE FUNCTION see();
CREATE TABLE app.watched (id int);
ALTER TABLE app.watched ADD COLUMN more int;
DROP EVENT TRIGGER zzz_see;
SELECT command FROM seen ORDER BY n;
DROP FUNCTION see();
DROP TABLE seen;

SET client_min_messages = warning;
DROP SCHEMA app, plain CASCADE;
DROP FUNCTION nop();
DROP VIEW problems;
DROP ROLE regress_bemi_owner, regress_bemi_other;
SELECT count(*) FROM bemi.tracked_tables;
