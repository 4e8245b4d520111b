-- Changes of every kind, for two output plugins to decode.
SET client_min_messages = warning;

CREATE SCHEMA other;
CREATE DOMAIN whole AS int CHECK (value > 0);
CREATE DOMAIN whole_2 AS whole;
CREATE DOMAIN code AS varchar(7);
CREATE DOMAIN bytes AS bytea;
CREATE DOMAIN "Quoted Domain" AS numeric(5, 2);
CREATE TYPE plain AS ENUM ('a', 'b');
CREATE TYPE "Quoted Type" AS ENUM ('a');
CREATE TYPE other.here AS ENUM ('a');
CREATE TYPE other."Not here" AS ENUM ('a');

--
-- Replica identities
--

CREATE TABLE by_key (id int PRIMARY KEY, v text);
CREATE TABLE by_full (id int PRIMARY KEY, v text);
ALTER TABLE by_full REPLICA IDENTITY FULL;
CREATE TABLE by_index (id int PRIMARY KEY, other text NOT NULL UNIQUE, v text);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_other_key;
CREATE TABLE by_nothing (id int PRIMARY KEY, v text);
ALTER TABLE by_nothing REPLICA IDENTITY NOTHING;
CREATE TABLE no_key (v text);
CREATE TABLE no_key_full (v text);
ALTER TABLE no_key_full REPLICA IDENTITY FULL;
CREATE TABLE compound (v text, b text, a bigint, PRIMARY KEY (a, b) INCLUDE (v));
CREATE TABLE compound_full (v text, b text, a bigint, PRIMARY KEY (a, b) INCLUDE (v));
ALTER TABLE compound_full REPLICA IDENTITY FULL;
CREATE TABLE late_key (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v int);
CREATE TABLE late_full (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v int);
ALTER TABLE late_full REPLICA IDENTITY FULL;
CREATE TABLE by_domain (id whole PRIMARY KEY, v code);
CREATE TABLE no_columns ();
ALTER TABLE no_columns REPLICA IDENTITY FULL;

INSERT INTO by_key VALUES (1, 'a'), (2, NULL);
UPDATE by_key SET v = 'b';
UPDATE by_key SET id = id + 10;
DELETE FROM by_key WHERE id = 11;
INSERT INTO by_full VALUES (1, 'a'), (2, NULL);
UPDATE by_full SET v = 'b';
UPDATE by_full SET id = id + 10;
DELETE FROM by_full WHERE id = 11;
INSERT INTO by_index VALUES (1, 'a', 'x'), (2, 'b', NULL);
UPDATE by_index SET v = 'y';
UPDATE by_index SET other = other || '!';
UPDATE by_index SET id = id + 10;
DELETE FROM by_index WHERE id = 11;
INSERT INTO by_nothing VALUES (1, 'a');
UPDATE by_nothing SET v = 'b';
DELETE FROM by_nothing;
INSERT INTO no_key VALUES ('a');
UPDATE no_key SET v = 'b';
DELETE FROM no_key;
INSERT INTO no_key_full VALUES ('a');
UPDATE no_key_full SET v = 'b';
DELETE FROM no_key_full;
INSERT INTO compound VALUES ('v', E'"b"\\', 1);
UPDATE compound SET v = 'w';
UPDATE compound SET b = 'c';
DELETE FROM compound;
INSERT INTO compound_full VALUES ('v', 'b', 1);
UPDATE compound_full SET v = 'w';
UPDATE compound_full SET b = 'c';
DELETE FROM compound_full;
INSERT INTO late_key VALUES (1, 1);
UPDATE late_key SET v = 2;
DELETE FROM late_key;
INSERT INTO late_full VALUES (1, 1);
UPDATE late_full SET v = 2;
UPDATE late_full SET id = 2;
DELETE FROM late_full;
INSERT INTO by_domain VALUES (1, 'a');
UPDATE by_domain SET v = 'b';
UPDATE by_domain SET id = 2;
DELETE FROM by_domain;
INSERT INTO no_columns DEFAULT VALUES;
DELETE FROM no_columns;

--
-- Values out of line
--

CREATE TABLE big (id int PRIMARY KEY, a text, b text, n int);
ALTER TABLE big ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
INSERT INTO big VALUES (1, repeat('a', 10000), repeat('b', 10000), 0);
UPDATE big SET n = 1;
UPDATE big SET n = 2, a = repeat('c', 10000);
UPDATE big SET id = 2;
ALTER TABLE big REPLICA IDENTITY FULL;
UPDATE big SET n = 3;
UPDATE big SET n = 4, b = repeat('d', 10000);
UPDATE big SET a = 'short';
DELETE FROM big;
CREATE TABLE big_key (k text PRIMARY KEY, n int);
ALTER TABLE big_key ALTER k SET STORAGE EXTERNAL;
INSERT INTO big_key SELECT string_agg('k' || i, '') FROM generate_series(1, 600) i;
UPDATE big_key SET n = 1;
UPDATE big_key SET k = k || 'x';
DELETE FROM big_key;
CREATE TABLE big_packed (id int PRIMARY KEY, b bytea, j jsonb, d bytes, n int);
INSERT INTO big_packed
    SELECT 1, string_agg(sha256(i::text::bytea), ''), jsonb_object_agg(i, md5(i::text)), string_agg(sha256(i::text::bytea), ''), 1
    FROM generate_series(1, 1000) i;
UPDATE big_packed SET n = 2;

--
-- Columns that come, go, change and are computed
--

CREATE TABLE columns (id int PRIMARY KEY, gone text DEFAULT 'x', twice int GENERATED ALWAYS AS (id * 2) STORED,
                      counted int GENERATED ALWAYS AS IDENTITY);
ALTER TABLE columns REPLICA IDENTITY FULL;
INSERT INTO columns VALUES (1, 'there');
ALTER TABLE columns DROP COLUMN gone;
INSERT INTO columns VALUES (2);
ALTER TABLE columns ADD COLUMN added text DEFAULT 'fast', ADD COLUMN later int;
UPDATE columns SET later = 1;
ALTER TABLE columns RENAME COLUMN added TO renamed;
ALTER TABLE columns ALTER COLUMN later TYPE text USING later || '!';
UPDATE columns SET id = id + 10;
ALTER TABLE columns ALTER COLUMN renamed SET DEFAULT 'slow', ALTER COLUMN later SET NOT NULL;
INSERT INTO columns (id, later) VALUES (30, 'a');
ALTER TABLE columns REPLICA IDENTITY DEFAULT;
UPDATE columns SET id = id + 1 WHERE id = 30;
ALTER TABLE columns DROP CONSTRAINT columns_pkey;
UPDATE columns SET later = 'x' WHERE id = 31;
DELETE FROM columns WHERE id = 31;

--
-- Types with modifiers, domains, defaults; and what their names and texts depend on
--

CREATE SEQUENCE numbers;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE typed (
    a int DEFAULT 1 NOT NULL, b varchar(20), c char(3) DEFAULT 'abc', d numeric(10, 2) DEFAULT 1.5, e timestamp(3) DEFAULT '2020-01-01', f time(2),
    g interval day to second(1), h bit(3), i varbit(5), j int[] DEFAULT '{1}', k varchar(3)[], l code, m whole_2 DEFAULT 7, n plain DEFAULT 'a',
    o "Quoted Type", p "Quoted Type"[], q other.here, r other."Not here", s "Quoted Domain", t code[], u oid DEFAULT 4000000000, v regclass,
    w bigint DEFAULT nextval('numbers'), x int DEFAULT f(1), y money, z float4 DEFAULT 'NaN', aa float8 DEFAULT '-Infinity', ab numeric DEFAULT 'NaN',
    ac name, ad "char", ae json, af jsonb, ag xml, ah uuid, ai bytea, aj bool, ak timestamptz(0), al text DEFAULT 'x' COLLATE "C", am bytes,
    an text DEFAULT 'english'::regconfig::text
);
INSERT INTO typed (b, f, g, h, i, k, l, o, p, q, r, s, t, v, y, ac, ad, ae, af, ag, ah, ai, aj, ak, am) VALUES
    ('x', '10:00', '1 day 1.55', '101', '1', '{abc,"d e"}', 'code', 'a', '{a}', 'a', 'a', '1.5', '{c}', 'by_key', 1.5, 'name', 'c', '{"a": 1}',
     '{"b": [1, "x\"y"]}', '<a/>', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\x00ff', true, '2020-01-01 12:00+00', '\x00ff');
INSERT INTO typed DEFAULT VALUES;
ALTER SEQUENCE numbers RENAME TO counters;
INSERT INTO typed DEFAULT VALUES;
ALTER FUNCTION f(int) RENAME TO g;
INSERT INTO typed DEFAULT VALUES;
ALTER TYPE plain RENAME TO plainer;
INSERT INTO typed DEFAULT VALUES;
ALTER TYPE plainer RENAME VALUE 'a' TO 'z';
INSERT INTO typed DEFAULT VALUES;
ALTER DOMAIN code RENAME TO codes;
INSERT INTO typed DEFAULT VALUES;
ALTER TYPE "Quoted Type" SET SCHEMA other;
INSERT INTO typed DEFAULT VALUES;
ALTER SCHEMA other RENAME TO another;
INSERT INTO typed DEFAULT VALUES;
ALTER TABLE typed ALTER a DROP DEFAULT, ALTER a DROP NOT NULL, ALTER b SET DEFAULT 'later';
BEGIN;
INSERT INTO typed DEFAULT VALUES;
ALTER TYPE another.here RENAME TO there;
INSERT INTO typed DEFAULT VALUES;
SAVEPOINT a;
ALTER TABLE typed ALTER j SET DEFAULT '{2,3}';
INSERT INTO typed DEFAULT VALUES;
ROLLBACK TO a;
INSERT INTO typed DEFAULT VALUES;
CREATE TEMP TABLE passing (a int);
INSERT INTO typed DEFAULT VALUES;
COMMIT;
-- A type of the same name that comes first in the search_path of some reader
CREATE TYPE another.plainer AS ENUM ('other');
INSERT INTO typed DEFAULT VALUES;

--
-- What happens to a table between a change and its decoding
--

CREATE TABLE moved (id int PRIMARY KEY, v text);
INSERT INTO moved VALUES (1, 'in its first place');
ALTER TABLE moved RENAME TO renamed;
INSERT INTO renamed VALUES (2, 'with another name');
CREATE SCHEMA place;
ALTER TABLE renamed SET SCHEMA place;
INSERT INTO place.renamed VALUES (3, 'in another schema');
ALTER SCHEMA place RENAME TO places;
INSERT INTO places.renamed VALUES (4, 'in a schema with another name');
DROP SCHEMA places CASCADE;
BEGIN;
CREATE TABLE brief (id int, v text);
INSERT INTO brief VALUES (1, 'a');
ALTER TABLE brief ADD PRIMARY KEY (id), ADD COLUMN w text DEFAULT 'w';
INSERT INTO brief VALUES (2, 'b');
UPDATE brief SET v = 'c' WHERE id = 2;
ALTER TABLE brief REPLICA IDENTITY FULL;
UPDATE brief SET v = 'c' WHERE id = 1;
DROP TABLE brief;
COMMIT;
CREATE TABLE rewritten (id int PRIMARY KEY, v text);
INSERT INTO rewritten VALUES (1, 'a'), (2, 'b');
CLUSTER rewritten USING rewritten_pkey;
VACUUM FULL rewritten;
ALTER TABLE rewritten ALTER id TYPE bigint;
UPDATE rewritten SET v = 'c';

--
-- Partitions, inheritance, cascades, truncation
--

CREATE TABLE parts (id int, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE parts_b (region text NOT NULL, id int NOT NULL);
ALTER TABLE parts ATTACH PARTITION parts_b FOR VALUES IN ('b');
ALTER TABLE parts_a REPLICA IDENTITY FULL;
INSERT INTO parts VALUES (1, 'a'), (2, 'b');
UPDATE parts SET region = 'b' WHERE id = 1;
UPDATE parts SET id = 5 WHERE id = 2;
DELETE FROM parts WHERE id = 5;
TRUNCATE parts;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE heir (x int) INHERITS (parent);
INSERT INTO heir VALUES (1, 2);
UPDATE parent SET id = 3;
CREATE TABLE child (parent int REFERENCES parent ON DELETE CASCADE, id int PRIMARY KEY);
INSERT INTO parent VALUES (7), (8);
INSERT INTO child VALUES (7, 1);
DELETE FROM parent WHERE id = 7;
TRUNCATE parent, no_key CASCADE;
TRUNCATE no_key RESTART IDENTITY;

--
-- Names
--

CREATE SCHEMA "Odd ""schema""";
CREATE SCHEMA "*";
CREATE TABLE "A ""quoted"" \ name" (id int PRIMARY KEY, "a ""column""" int, "line
break" int);
CREATE TABLE "größe€😀" ("schlüssel😀" text PRIMARY KEY);
CREATE TABLE "Odd ""schema""".t (a int);
CREATE TABLE "Odd ""schema"""."a.b" (a int);
CREATE TABLE "Odd ""schema"""."*" (a int);
CREATE TABLE "Odd ""schema"""."a b" (a int);
CREATE TABLE "Odd ""schema"""."a,b" (a int);
CREATE TABLE "Odd ""schema"""."x\y" (a int);
CREATE TABLE "*"."*" (a int);
CREATE TABLE "*".t (a int);
INSERT INTO "A ""quoted"" \ name" VALUES (1, 2, 3);
UPDATE "A ""quoted"" \ name" SET id = 2;
INSERT INTO "größe€😀" VALUES ('wert😀');
DELETE FROM "größe€😀";
INSERT INTO "Odd ""schema""".t VALUES (1);
INSERT INTO "Odd ""schema"""."a.b" VALUES (1);
INSERT INTO "Odd ""schema"""."*" VALUES (1);
INSERT INTO "Odd ""schema"""."a b" VALUES (1);
INSERT INTO "Odd ""schema"""."a,b" VALUES (1);
INSERT INTO "Odd ""schema"""."x\y" VALUES (1);
INSERT INTO "*"."*" VALUES (1);
INSERT INTO "*".t VALUES (1);

--
-- Messages
--

SELECT pg_logical_emit_message(true, 'audit', 'text');
SELECT pg_logical_emit_message(false, 'audit', E'a "b" \\ \n é€😀');
SELECT pg_logical_emit_message(true, 'audit 2', '');
SELECT pg_logical_emit_message(true, '', 'x');
SELECT pg_logical_emit_message(true, 'a,b', 'x');
SELECT pg_logical_emit_message(true, 'a\b', 'x');
SELECT pg_logical_emit_message(true, 'a*', 'x');
SELECT pg_logical_emit_message(true, 'a"b', 'x');
BEGIN;
INSERT INTO by_key VALUES (100, 'in');
SELECT pg_logical_emit_message(true, 'audit', 'inside');
SELECT pg_logical_emit_message(false, 'audit', 'at once');
SAVEPOINT a;
SELECT pg_logical_emit_message(true, 'audit', 'gone');
SELECT pg_logical_emit_message(false, 'audit', 'not gone');
INSERT INTO by_key VALUES (101, 'gone');
ROLLBACK TO a;
INSERT INTO by_key VALUES (102, 'in');
COMMIT;

--
-- Transactions, some of them without a change, and commands that write nothing
--

BEGIN;
COMMIT;
BEGIN;
INSERT INTO by_key VALUES (200);
ROLLBACK;
BEGIN;
SAVEPOINT a;
INSERT INTO by_key VALUES (200);
ROLLBACK TO a;
COMMIT;
BEGIN;
SAVEPOINT a;
INSERT INTO by_key VALUES (201);
SAVEPOINT b;
INSERT INTO by_key VALUES (202);
RELEASE b;
COMMIT;
DO $$ BEGIN
    INSERT INTO by_key VALUES (203);
    BEGIN
        INSERT INTO by_key VALUES (204), (203);
    EXCEPTION WHEN unique_violation THEN
        INSERT INTO by_key VALUES (205);
    END;
END $$;
BEGIN;
INSERT INTO by_key VALUES (206);
PREPARE TRANSACTION 'kept';
COMMIT PREPARED 'kept';
BEGIN;
INSERT INTO by_key VALUES (207);
PREPARE TRANSACTION 'undone';
ROLLBACK PREPARED 'undone';
BEGIN;
CREATE TEMP TABLE only_temporary (a int);
INSERT INTO only_temporary VALUES (1);
COMMIT;
CREATE UNLOGGED TABLE unlogged (a int);
INSERT INTO unlogged VALUES (1);
CREATE MATERIALIZED VIEW view AS SELECT * FROM by_full;
REFRESH MATERIALIZED VIEW view;
CREATE TABLE copied AS SELECT * FROM by_key;
CREATE TABLE a_catalog (a int PRIMARY KEY) WITH (user_catalog_table = true);
INSERT INTO a_catalog VALUES (1);
INSERT INTO by_key VALUES (208, 'x') ON CONFLICT (id) DO UPDATE SET v = 'y';
INSERT INTO by_key VALUES (208, 'x') ON CONFLICT (id) DO UPDATE SET v = 'y';
INSERT INTO by_key VALUES (208) ON CONFLICT DO NOTHING;
MERGE INTO by_key USING (VALUES (208), (209)) AS s (id) ON by_key.id = s.id
    WHEN MATCHED THEN UPDATE SET v = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'new');
COPY by_key FROM stdin;
300	\N
301	x
\.

--
-- Origins
--

SELECT pg_replication_origin_create('first'), pg_replication_origin_create('second');
SELECT pg_replication_origin_session_setup('first');
INSERT INTO by_key VALUES (400);
SELECT pg_logical_emit_message(true, 'audit', 'of the first');
SELECT pg_logical_emit_message(false, 'audit', 'of the first');
SELECT pg_replication_origin_session_reset();
SELECT pg_replication_origin_session_setup('second');
INSERT INTO by_key VALUES (401);
SELECT pg_replication_origin_session_reset();

--
-- Contexts, which the other plugin does not know
--

CREATE TABLE todo (id int PRIMARY KEY, task text);
SELECT bemi.track('todo');
BEGIN;
SET LOCAL bemi.context = '{"user_id": 1}';
INSERT INTO todo VALUES (1, 'Sleep'), (2, 'Eat');
UPDATE todo SET task = 'Nap' WHERE id = 1 /*Bemi {"comment": true} Bemi*/;
SAVEPOINT a;
SET LOCAL bemi.context = '{"user_id": 2}';
UPDATE todo SET id = 3 WHERE id = 1;
ROLLBACK TO a;
DELETE FROM todo WHERE id = 2;
SET LOCAL bemi.context = '';
DELETE FROM todo;
COMMIT;
TRUNCATE todo /*Bemi {"truncated": true} Bemi*/;
SELECT bemi.untrack('todo');
