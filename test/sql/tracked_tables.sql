-- bemi.tracked_tables: what is off about a tracked table is shown, and bemi.track() mends it.
\t on
\pset format unaligned
\pset null NULL
CREATE TABLE todo (id int PRIMARY KEY);
CREATE TABLE bulk (id int PRIMARY KEY);
CREATE TABLE event (id int) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
SELECT bemi.track('todo'), bemi.track('bulk', 'statement'), bemi.track('event');
\t off
SELECT relation, level, root, by_schema, problems
FROM bemi.tracked_tables ORDER BY relation::text;
\t on
CREATE VIEW problems AS
    SELECT relation, unnest(problems) AS problem FROM bemi.tracked_tables ORDER BY relation::text, 2;

-- triggers disabled, in every way
ALTER TABLE todo DISABLE TRIGGER "~bemi_row";
ALTER TABLE bulk ENABLE TRIGGER "~bemi_statement";
ALTER TABLE bulk ENABLE REPLICA TRIGGER "~bemi_truncate";
ALTER TABLE event_1 DISABLE TRIGGER ALL;
SELECT * FROM problems;
SELECT bemi.track('todo'), bemi.track('bulk', 'statement'), bemi.track('event');
SELECT * FROM problems;
-- dropped
DROP TRIGGER "~bemi_row" ON todo;
DROP TRIGGER "~bemi_statement" ON bulk;
DROP TRIGGER "~bemi_truncate" ON event;
SELECT * FROM problems;
SELECT bemi.track('todo'), bemi.track('bulk', 'statement'), bemi.track('event');
SELECT * FROM problems;
-- the identity
ALTER TABLE todo REPLICA IDENTITY DEFAULT;
ALTER TABLE bulk REPLICA IDENTITY USING INDEX bulk_pkey;
ALTER TABLE event_1 REPLICA IDENTITY NOTHING;
SELECT * FROM problems;
SELECT bemi.track('todo'), bemi.track('bulk', 'statement'), bemi.track('event');
SELECT * FROM problems;
-- unlogged, and logged again
ALTER TABLE todo SET UNLOGGED;
SELECT * FROM problems;
SELECT bemi.track('todo');
ALTER TABLE todo SET LOGGED;
SELECT * FROM problems;
SELECT bemi.track('todo');
SELECT * FROM problems;
ALTER TABLE todo SET UNLOGGED;
SELECT bemi.untrack('todo');
SELECT * FROM problems;
-- a partition that came while the event trigger was off
ALTER EVENT TRIGGER bemi_ddl_command_end DISABLE;
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);
ALTER EVENT TRIGGER bemi_ddl_command_end ENABLE ALWAYS;
SELECT * FROM problems;
SELECT bemi.track('event');
SELECT * FROM problems;
-- a table of a tracked schema that is not tracked; but for the one in which a migration tool keeps book
CREATE SCHEMA app;
CREATE TABLE app.todo (id int);
CREATE TABLE app.mikro_orm_migrations (id int);
SELECT bemi.track_schema('app');
SELECT bemi.untrack('app.todo'), bemi.untrack('app.mikro_orm_migrations');
SELECT * FROM problems WHERE relation::text LIKE 'app.%';
SELECT bemi.track('app.mikro_orm_migrations');
DROP TRIGGER "~bemi_truncate" ON app.mikro_orm_migrations;
SELECT * FROM problems WHERE relation::text LIKE 'app.%';
SELECT bemi.untrack_schema('app');
DROP SCHEMA app CASCADE;
-- several at once
ALTER TABLE bulk DISABLE TRIGGER ALL;
ALTER TABLE bulk REPLICA IDENTITY NOTHING;
SELECT relation, problems FROM bemi.tracked_tables WHERE relation = 'bulk'::regclass;
-- a table that was dropped, whatever does not fire then
SET session_replication_role = replica;
DROP TABLE bulk;
RESET session_replication_role;
SELECT relation, problems FROM bemi.tracked_tables ORDER BY relation::text;

-- everybody may read it, nobody may write it
CREATE ROLE regress_bemi_nobody;
SET ROLE regress_bemi_nobody;
SELECT relation, problems FROM bemi.tracked_tables ORDER BY relation::text;
DELETE FROM bemi.tracked_tables;
RESET ROLE;
DROP ROLE regress_bemi_nobody;

DROP VIEW problems;
DROP TABLE todo, event;
SELECT count(*) FROM bemi.tracked_tables;
