-- bemi.track() and untrack(): what they put on a table, take off again, and refuse.
\t on
\pset format unaligned
\pset null NULL
SELECT current_user AS superuser \gset
CREATE ROLE regress_bemi_owner;
CREATE ROLE regress_bemi_member;
CREATE ROLE regress_bemi_other;
GRANT regress_bemi_owner TO regress_bemi_member;
CREATE SCHEMA work;
GRANT ALL ON SCHEMA work TO PUBLIC;
SET search_path = work;
-- what there is on a table
CREATE FUNCTION state(target regclass) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', 'identity', relreplident,
                     (SELECT i.indexrelid::regclass FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident),
                     (SELECT string_agg(format('%s:%s', tgname, tgenabled), ' ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal))
    FROM pg_class c WHERE oid = target
$$;

-- Every replica identity comes back
CREATE TABLE d (id int PRIMARY KEY);
CREATE TABLE n (id int PRIMARY KEY);
ALTER TABLE n REPLICA IDENTITY NOTHING;
CREATE TABLE f (id int PRIMARY KEY);
ALTER TABLE f REPLICA IDENTITY FULL;
CREATE TABLE i (id int PRIMARY KEY, "Key" int NOT NULL);
CREATE UNIQUE INDEX "I Key" ON i ("Key");
ALTER TABLE i REPLICA IDENTITY USING INDEX "I Key";
SELECT state('d'), state('n'), state('f'), state('i');
SELECT bemi.track('d'), bemi.track('n'), bemi.track('f'), bemi.track('i');
SELECT state('d');
SELECT state('n');
SELECT state('f');
SELECT state('i');
SELECT relation, level, root, by_schema, problems FROM bemi.tracked_tables ORDER BY relation::text;
-- the record of it is in the arguments of one trigger
SELECT tgrelid::regclass, tgname, encode(tgargs, 'escape') FROM pg_trigger WHERE tgname LIKE '~bemi%' ORDER BY tgrelid::regclass::text, tgname;
SELECT bemi.untrack('d'), bemi.untrack('n'), bemi.untrack('f'), bemi.untrack('i');
SELECT state('d'), state('n'), state('f'), state('i');
SELECT * FROM bemi.tracked_tables;

-- The index of the identity is not there any more, is another table's, or will not do any more: DEFAULT, with a warning
SELECT bemi.track('i');
DROP INDEX "I Key";
SELECT bemi.untrack('i');
SELECT state('i');
CREATE UNIQUE INDEX "I Key" ON i ("Key");
ALTER TABLE i REPLICA IDENTITY USING INDEX "I Key";
SELECT bemi.track('i');
DROP INDEX "I Key";
CREATE UNIQUE INDEX "I Key" ON d (id);
SELECT bemi.untrack('i');
SELECT state('i');
DROP INDEX "I Key";
CREATE UNIQUE INDEX "I Key" ON i ("Key");
ALTER TABLE i REPLICA IDENTITY USING INDEX "I Key";
SELECT bemi.track('i');
ALTER TABLE i ALTER "Key" DROP NOT NULL;
SELECT bemi.untrack('i');
SELECT state('i');
ALTER TABLE i ALTER "Key" SET NOT NULL;
ALTER TABLE i REPLICA IDENTITY USING INDEX "I Key";
SELECT bemi.track('i');
DROP INDEX "I Key";
CREATE INDEX "I Key" ON i ("Key");
SELECT bemi.untrack('i');
SELECT state('i');
DROP INDEX "I Key";
CREATE TABLE "I Key" ();
CREATE UNIQUE INDEX other ON i ("Key");
ALTER TABLE i REPLICA IDENTITY USING INDEX other;
SELECT bemi.track('i');
ALTER INDEX other RENAME TO renamed;
SELECT bemi.untrack('i');
SELECT state('i');
DROP TABLE "I Key";
-- an identity that somebody has changed since is his
SELECT bemi.track('d');
ALTER TABLE d REPLICA IDENTITY NOTHING;
SELECT bemi.untrack('d');
SELECT state('d');
ALTER TABLE d REPLICA IDENTITY DEFAULT;

-- Twice is once; the level may change, the identity from before is kept, and what was broken is mended
SELECT bemi.track('n');
SELECT bemi.track('n');
SELECT bemi.track('n', 'statement');
SELECT state('n');
SELECT bemi.track('n', level => 'row');
ALTER TABLE n REPLICA IDENTITY DEFAULT;
ALTER TABLE n DISABLE TRIGGER "~bemi_row";
DROP TRIGGER "~bemi_truncate" ON n;
SELECT bemi.track('n');
SELECT state('n');
SELECT count(*) FROM bemi.tracked_tables;
SELECT bemi.untrack('n');
SELECT state('n');
SELECT bemi.track('n', 'ROW');
\echo :SQLSTATE
SELECT bemi.track('n', '');
SELECT bemi.track(NULL), bemi.track(NULL, 'row'), bemi.untrack(NULL);
-- triggers that were taken off meanwhile do not matter to untrack(); with the one that holds the record the former identity goes
SELECT bemi.track('n');
DROP TRIGGER "~bemi_row" ON n;
SELECT bemi.untrack('n');
SELECT state('n');
SELECT bemi.track('n');
DROP TRIGGER "~bemi_truncate" ON n;
SELECT relation, level, problems FROM bemi.tracked_tables;
SELECT bemi.untrack('n');
SELECT state('n');
ALTER TABLE n REPLICA IDENTITY NOTHING;
-- untrack what is not tracked
SELECT bemi.untrack('n');
\echo :SQLSTATE
-- rolled back
BEGIN;
SELECT bemi.track('d');
SAVEPOINT a;
SELECT bemi.untrack('d');
ROLLBACK TO a;
SELECT state('d');
ROLLBACK;
SELECT state('d');
SELECT * FROM bemi.tracked_tables;
-- the user's own triggers stay
CREATE FUNCTION nop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER mine BEFORE INSERT ON d FOR EACH ROW EXECUTE FUNCTION nop();
SELECT bemi.track('d');
SELECT bemi.untrack('d');
SELECT state('d');
DROP FUNCTION nop() CASCADE;

-- What cannot be tracked
CREATE VIEW v AS SELECT * FROM d;
CREATE MATERIALIZED VIEW m AS SELECT * FROM d;
CREATE UNLOGGED TABLE u (id int);
CREATE TEMP TABLE t (id int);
CREATE SEQUENCE s;
CREATE TYPE composite AS (id int);
CREATE FOREIGN DATA WRAPPER regress_bemi_dummy;
CREATE SERVER regress_bemi_server FOREIGN DATA WRAPPER regress_bemi_dummy;
CREATE FOREIGN TABLE ft (id int) SERVER regress_bemi_server;
CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
SELECT bemi.track('v');
\echo :SQLSTATE
SELECT bemi.track('m');
\echo :SQLSTATE
SELECT bemi.track('u');
\echo :SQLSTATE
DO $$
DECLARE
    message text;
    detail text;
BEGIN
    PERFORM bemi.track('pg_temp.t');
EXCEPTION WHEN wrong_object_type THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RAISE NOTICE '% / %', regexp_replace(message, 'pg_temp_\d+', 'pg_temp_N'), detail;
END
$$;
SELECT bemi.track('ft');
\echo :SQLSTATE
SELECT bemi.track('s');
SELECT bemi.track('d_pkey');
SELECT bemi.track('p_pkey');
SELECT bemi.track('composite');
SELECT bemi.track('pg_class');
\echo :SQLSTATE
SELECT bemi.track('information_schema.sql_features');
SELECT bemi.track('bemi.tracked_schemas');
SELECT bemi.track('bemi.tracked_tables');
DO $$
BEGIN
    PERFORM bemi.track(reltoastrelid) FROM pg_class WHERE oid = 'pg_description'::regclass;
EXCEPTION WHEN wrong_object_type THEN
    RAISE NOTICE 'a TOAST table: no';
END
$$;
SELECT bemi.track('missing');
\echo :SQLSTATE
SELECT bemi.track(1::oid);
\echo :SQLSTATE
SELECT bemi.untrack(1::oid);
\echo :SQLSTATE
SELECT bemi.untrack('v');
SELECT * FROM bemi.tracked_tables;
DROP TABLE t, p;
DROP VIEW v;
DROP MATERIALIZED VIEW m;
DROP FOREIGN DATA WRAPPER regress_bemi_dummy CASCADE;

-- Who may: the owner, who is a member of it, and a superuser
GRANT ALL ON d TO regress_bemi_other;
GRANT CREATE ON SCHEMA work TO regress_bemi_owner;
ALTER TABLE d OWNER TO regress_bemi_owner;
SET ROLE regress_bemi_other;
SELECT bemi.track('d');
\echo :SQLSTATE
SELECT bemi.untrack('d');
\echo :SQLSTATE
RESET ROLE;
SET ROLE regress_bemi_owner;
SELECT bemi.track('d');
SELECT state('d');
RESET ROLE;
SET ROLE regress_bemi_other;
SELECT bemi.track('d', 'statement');
SELECT bemi.untrack('d');
SELECT relation, level, problems FROM bemi.tracked_tables;
-- bemi's tables are written by its functions alone
INSERT INTO bemi.tracked_schemas (schema, level) VALUES ('work', 'row');
DELETE FROM bemi.tracked_schemas;
UPDATE bemi.tracked_schemas SET level = 'row';
SET bemi.context = '{"by": "other"}';
INSERT INTO d VALUES (1);
RESET bemi.context;
RESET ROLE;
SET ROLE regress_bemi_member;
SELECT bemi.track('d', 'statement');
SELECT bemi.untrack('d');
RESET ROLE;
SELECT state('d');
-- a role that may do nothing on the table but own it
SET ROLE regress_bemi_owner;
REVOKE ALL ON d FROM regress_bemi_owner;
SELECT bemi.track('d');
SELECT bemi.untrack('d');
RESET ROLE;
GRANT ALL ON d TO regress_bemi_owner;

-- Nothing of the caller's is run with the rights of the extension's owner
CREATE SCHEMA evil AUTHORIZATION regress_bemi_owner;
SET ROLE regress_bemi_owner;
CREATE TABLE evil.log (who name);
GRANT ALL ON evil.log TO PUBLIC;
CREATE FUNCTION evil.eq(regclass, regclass) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.log VALUES (current_user); RETURN true; END $$;
CREATE FUNCTION evil.eq(oid, oid) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.log VALUES (current_user); RETURN true; END $$;
CREATE FUNCTION evil.eq(oid, regclass) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.log VALUES (current_user); RETURN true; END $$;
CREATE FUNCTION evil.eq(name, name) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.log VALUES (current_user); RETURN true; END $$;
CREATE FUNCTION evil.eq(name, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.log VALUES (current_user); RETURN true; END $$;
CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = regclass, RIGHTARG = regclass);
CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = oid, RIGHTARG = oid);
CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = oid, RIGHTARG = regclass);
CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = name, RIGHTARG = name);
CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = name, RIGHTARG = text);
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.log VALUES (current_user); RETURN pg_catalog.now(); END $$;
CREATE VIEW evil.pg_class AS SELECT oid, evil.now() AS relname FROM pg_catalog.pg_class;
SET search_path = evil, pg_catalog, work;
SELECT 1::oid = 2::oid AS really_in_force FROM (VALUES (1)) v (i);
SELECT count(*) FROM evil.log;
SELECT bemi.track('work.d');
SELECT bemi.track('work.d', 'statement');
SELECT bemi.untrack('work.d');
CREATE TABLE evil.parent (id int);
SELECT bemi.track('evil.parent');
CREATE TABLE evil.child () INHERITS (evil.parent);
ALTER TABLE evil.child NO INHERIT evil.parent;
SELECT bemi.track_schema('evil');
CREATE TABLE evil.more (id int);
SELECT bemi.untrack_schema('evil');
DROP TABLE evil.parent, evil.child, evil.more;
INSERT INTO work.d VALUES (2);
SELECT count(*) FROM evil.log;
RESET ROLE;
SET search_path = work;
DROP SCHEMA evil CASCADE;

-- What is dropped is forgotten
CREATE SCHEMA other;
CREATE TABLE other.a (id int);
SELECT bemi.track('d'), bemi.track('n'), bemi.track('other.a');
BEGIN;
DROP TABLE n;
SELECT relation FROM bemi.tracked_tables ORDER BY relation::text;
ROLLBACK;
SELECT count(*) FROM bemi.tracked_tables;
DROP TABLE n;
DROP SCHEMA other CASCADE;
SELECT relation FROM bemi.tracked_tables;
-- other DDL does no harm
ALTER TABLE d RENAME TO "D d";
ALTER TABLE "D d" RENAME COLUMN id TO "I d";
ALTER TABLE "D d" ADD COLUMN more text, ALTER "I d" TYPE bigint;
ALTER TABLE "D d" SET SCHEMA public;
ALTER TABLE public."D d" OWNER TO regress_bemi_other;
CLUSTER public."D d" USING d_pkey;
VACUUM FULL public."D d";
SELECT relation, problems FROM bemi.tracked_tables;
SELECT bemi.untrack('public."D d"');
SELECT state('public."D d"');
SELECT bemi.track('public."D d"');
DROP OWNED BY regress_bemi_other;
SELECT relation FROM bemi.tracked_tables;
-- CREATE TABLE ... LIKE copies no triggers, and tracks nothing
SELECT bemi.track('f');
CREATE TABLE copy (LIKE f INCLUDING ALL);
SELECT state('copy');
SELECT relation FROM bemi.tracked_tables;

-- The extension does not go while tables are tracked, unless told so; then no trigger is left on them (the identity is)
SELECT bemi.track('i');
DROP EXTENSION bemi;
\echo :SQLSTATE
DROP TABLE bemi.tracked_schemas;
DROP FUNCTION bemi.emit_context();
DROP EVENT TRIGGER bemi_sql_drop;
DROP EXTENSION bemi CASCADE;
SELECT state('f'), state('i');
INSERT INTO f VALUES (1);
DROP TABLE f;
SELECT count(*) FROM pg_event_trigger WHERE evtname LIKE 'bemi%';
-- (the schema stays, as with every extension)
DROP SCHEMA bemi;
-- nobody but a superuser may have made the schema beforehand
CREATE SCHEMA bemi AUTHORIZATION regress_bemi_owner;
\set SHOW_CONTEXT never
CREATE EXTENSION bemi;
\set SHOW_CONTEXT errors
\echo :SQLSTATE
ALTER SCHEMA bemi OWNER TO CURRENT_USER;
CREATE EXTENSION bemi;
SELECT * FROM bemi.tracked_tables;
-- with nothing tracked it goes without ado
DROP EXTENSION bemi;
CREATE EXTENSION bemi;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA work CASCADE;
DROP ROLE regress_bemi_member, regress_bemi_owner, regress_bemi_other;
