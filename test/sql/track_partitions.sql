-- Partitions and children are tracked with the table they belong to, whenever they come and go.
\t on
\pset format unaligned
\pset null NULL
CREATE SCHEMA work;
CREATE SCHEMA elsewhere;
SET search_path = work;
CREATE FUNCTION tracked() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', t.relation, t.level, 'with ' || t.root, CASE WHEN t.by_schema THEN 'by schema' END,
                     (SELECT string_agg(format('%s:%s', tgname, tgenabled), ' ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = t.relation),
                     t.problems)
    FROM bemi.tracked_tables t ORDER BY t.relation::text COLLATE "C"
$$;
CREATE FUNCTION leftovers() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s has %s', tgrelid::regclass, tgname) FROM pg_trigger
    WHERE tgname LIKE '~bemi%' AND tgrelid NOT IN (SELECT relation FROM bemi.tracked_tables)
    UNION ALL
    SELECT format('%s has identity %s', oid::regclass, relreplident) FROM pg_class
    WHERE relnamespace IN ('work'::regnamespace, 'elsewhere'::regnamespace) AND relkind IN ('r', 'p') AND relreplident <> 'd'
      AND oid NOT IN (SELECT relation FROM bemi.tracked_tables)
    ORDER BY 1
$$;

-- existing ones, at every depth, in another schema; foreign and unlogged ones are left out
CREATE FOREIGN DATA WRAPPER regress_bemi_dummy;
CREATE SERVER regress_bemi_server FOREIGN DATA WRAPPER regress_bemi_dummy;
CREATE TABLE event (id int) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE elsewhere.event_21 PARTITION OF event_2 FOR VALUES FROM (10) TO (15);
CREATE FOREIGN TABLE event_f PARTITION OF event FOR VALUES FROM (1000) TO (1010) SERVER regress_bemi_server;
CREATE UNLOGGED TABLE event_u PARTITION OF event FOR VALUES FROM (1010) TO (1020);
SELECT bemi.track('event');
SELECT * FROM tracked();
-- new ones
CREATE TABLE event_3 PARTITION OF event FOR VALUES FROM (20) TO (30);
CREATE TABLE elsewhere.event_22 PARTITION OF event_2 FOR VALUES FROM (15) TO (20);
CREATE TABLE event_4 PARTITION OF event FOR VALUES FROM (30) TO (40) PARTITION BY LIST (id);
CREATE TABLE event_41 PARTITION OF event_4 FOR VALUES IN (30);
CREATE TABLE event_default PARTITION OF event DEFAULT;
SELECT * FROM tracked();
-- attached: one, one with partitions of its own, one that was tracked otherwise, one with an identity of its own
CREATE TABLE event_5 (id int PRIMARY KEY);
ALTER TABLE event_5 REPLICA IDENTITY USING INDEX event_5_pkey;
ALTER TABLE event ATTACH PARTITION event_5 FOR VALUES FROM (40) TO (50);
CREATE TABLE event_6 (id int) PARTITION BY RANGE (id);
CREATE TABLE event_61 PARTITION OF event_6 FOR VALUES FROM (50) TO (60);
ALTER TABLE event ATTACH PARTITION event_6 FOR VALUES FROM (50) TO (60);
CREATE TABLE event_7 (id int) PARTITION BY RANGE (id);
CREATE TABLE event_71 PARTITION OF event_7 FOR VALUES FROM (60) TO (70);
SELECT bemi.track('event_7', 'statement');
SELECT * FROM tracked() t WHERE t LIKE 'event_7%';
ALTER TABLE event ATTACH PARTITION event_7 FOR VALUES FROM (60) TO (70);
SELECT * FROM tracked();
SELECT * FROM leftovers();
-- the root's level is that of all; called for one of them it is an error
SELECT bemi.track('event', 'statement');
SELECT * FROM tracked();
SELECT bemi.track('event_1', 'row');
\echo :SQLSTATE
SELECT bemi.untrack('event_71');
\echo :SQLSTATE
SELECT bemi.track('event', 'row');
-- detached: not tracked any more, nor what is below it, and with the identity it had
ALTER TABLE event DETACH PARTITION event_1;
ALTER TABLE event DETACH PARTITION event_5;
ALTER TABLE event DETACH PARTITION event_6;
ALTER TABLE event DETACH PARTITION event_7;
ALTER TABLE event_2 DETACH PARTITION elsewhere.event_21;
SELECT * FROM tracked();
SELECT * FROM leftovers();
SELECT relreplident FROM pg_class WHERE relname = 'event_5';
-- concurrently, which is two transactions
ALTER TABLE event DETACH PARTITION event_default;
ALTER TABLE event DETACH PARTITION event_3 CONCURRENTLY;
SELECT * FROM tracked();
SELECT * FROM leftovers();
-- rolled back
BEGIN;
ALTER TABLE event ATTACH PARTITION event_1 FOR VALUES FROM (0) TO (10);
SELECT count(*) FROM bemi.tracked_tables;
ROLLBACK;
BEGIN;
ALTER TABLE event DETACH PARTITION event_4;
SELECT count(*) FROM bemi.tracked_tables;
ROLLBACK;
SELECT * FROM tracked();
-- attached again, to a part of the tree
ALTER TABLE event_2 ATTACH PARTITION elsewhere.event_21 FOR VALUES FROM (10) TO (15);
-- a partition that is logged now
ALTER TABLE event_u SET LOGGED;
SELECT * FROM tracked();
-- dropped: one, the root with all
DROP TABLE event_u;
DROP TABLE event_2;
SELECT * FROM tracked();
-- untrack the root
SELECT bemi.untrack('event');
SELECT * FROM tracked();
SELECT * FROM leftovers();
SELECT bemi.track('event');
DROP TABLE event;
SELECT * FROM tracked();
DROP TABLE event_1, event_3, event_5, event_6, event_7, event_default;

-- a partition tracked alone, then with its root, and alone again
CREATE TABLE event (id int) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);
SELECT bemi.track('event_1');
SELECT * FROM tracked();
-- writes through an untracked parent pass by statement triggers: that is a problem, and shown
SELECT bemi.track('event_1', 'statement');
SELECT * FROM tracked();
SELECT bemi.track('event');
SELECT * FROM tracked();
SELECT bemi.untrack('event');
SELECT * FROM tracked();
SELECT * FROM leftovers();
DROP TABLE event;

-- Inheritance: INHERIT and NO INHERIT
CREATE TABLE note (id int);
CREATE TABLE long_note () INHERITS (note);
CREATE TABLE other (id int);
SELECT bemi.track('note');
ALTER TABLE other INHERIT note;
CREATE TABLE very_long_note () INHERITS (long_note);
SELECT * FROM tracked();
ALTER TABLE long_note NO INHERIT note;
SELECT * FROM tracked();
SELECT * FROM leftovers();
ALTER TABLE long_note INHERIT other;
SELECT * FROM tracked();
DROP TABLE other CASCADE;
SELECT * FROM tracked();
DROP TABLE note;

-- Several parents: tracked as long as one of them is
CREATE TABLE a (id int);
CREATE TABLE b (id int);
SELECT bemi.track('a'), bemi.track('b');
CREATE TABLE ab () INHERITS (a, b);
CREATE TABLE ba () INHERITS (b, a);
SELECT * FROM tracked();
ALTER TABLE ab NO INHERIT a;
ALTER TABLE ba NO INHERIT b;
SELECT * FROM tracked();
ALTER TABLE ab INHERIT a;
ALTER TABLE ba INHERIT b;
SELECT bemi.untrack('a');
SELECT * FROM tracked();
SELECT * FROM leftovers();
SELECT bemi.track('a', 'statement');
SELECT * FROM tracked();
SELECT bemi.untrack('b');
SELECT * FROM tracked();
SELECT bemi.untrack('a');
SELECT * FROM tracked();
SELECT * FROM leftovers();
DROP TABLE a, b CASCADE;

-- Of other owners: a partition is tracked if who made it owns it; what cannot be tracked is shown, no DDL fails for it
CREATE ROLE regress_bemi_owner;
CREATE ROLE regress_bemi_other;
GRANT ALL ON SCHEMA work TO regress_bemi_owner, regress_bemi_other;
SET ROLE regress_bemi_owner;
CREATE TABLE event (id int) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
SELECT bemi.track('event');
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);
RESET ROLE;
ALTER TABLE event_2 OWNER TO regress_bemi_other;
SET ROLE regress_bemi_owner;
ALTER TABLE event DETACH PARTITION event_1;
SELECT * FROM tracked();
ALTER TABLE event ATTACH PARTITION event_1 FOR VALUES FROM (0) TO (10);
-- the parent's owner can detach what he does not own
ALTER TABLE event DETACH PARTITION event_2;
SELECT * FROM tracked();
SELECT bemi.untrack('event_2');
RESET ROLE;
-- the root goes, what was left behind can still be untracked
DROP TABLE event;
SELECT relation, level, problems FROM bemi.tracked_tables;
SET ROLE regress_bemi_other;
SELECT bemi.untrack('event_2');
RESET ROLE;
SELECT * FROM tracked();
SELECT * FROM leftovers();
DROP TABLE event_2;
-- track() needs them all
SET ROLE regress_bemi_owner;
CREATE TABLE event (id int) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
RESET ROLE;
ALTER TABLE event_1 OWNER TO regress_bemi_other;
SET ROLE regress_bemi_owner;
SELECT bemi.track('event');
RESET ROLE;
SELECT * FROM leftovers();
DROP TABLE event;

DROP FOREIGN DATA WRAPPER regress_bemi_dummy CASCADE;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA work, elsewhere CASCADE;
DROP ROLE regress_bemi_owner, regress_bemi_other;
SELECT count(*) FROM bemi.tracked_tables;
