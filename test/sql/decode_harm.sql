-- Nothing that an ordinary role can create or store makes decoding fail, in any format.
SET timezone = 'UTC';
SET synchronous_commit = on;
SET client_min_messages = warning;
SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('decode_harm', 'bemi');

CREATE ROLE regress_bemi_maker;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_bemi_maker', current_database()); END $$;
SET ROLE regress_bemi_maker;
CREATE SCHEMA decode_harm;
SET search_path = decode_harm;

--
-- Casts to json. to_jsonb calls them; here only that of hstore is called, all others give the text.
--

CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE CAST (mood AS json) WITH FUNCTION to_json(anyelement);
CREATE TYPE span AS RANGE (subtype = int8);
CREATE FUNCTION span_to_json(span) RETURNS json LANGUAGE sql AS $$ SELECT to_json(1 / 0) $$;
CREATE CAST (span AS json) WITH FUNCTION span_to_json(span);
CREATE DOMAIN moody AS mood;
CREATE TYPE record_of_casts AS (m mood, s span);
CREATE TABLE casts (id int PRIMARY KEY, m mood, ms mood[], d moody, s span, r record_of_casts);
INSERT INTO casts VALUES (1, 'sad', '{glad}', 'sad', '[1,2)', row('glad', '[3,4)'));

-- A type that pretends to be hstore's: its name, the name of the function, and even a member of the extension.
CREATE EXTENSION hstore;
CREATE TABLE true_hstore (id int PRIMARY KEY, h hstore);
INSERT INTO true_hstore VALUES (1, 'a=>1, b=>NULL');
CREATE SCHEMA false_hstore;
CREATE TYPE false_hstore.hstore AS ENUM ('false');
CREATE FUNCTION false_hstore.hstore_to_json(false_hstore.hstore) RETURNS json LANGUAGE sql AS $$ SELECT to_json(1 / 0) $$;
CREATE CAST (false_hstore.hstore AS json) WITH FUNCTION false_hstore.hstore_to_json(false_hstore.hstore);
ALTER EXTENSION hstore ADD TYPE false_hstore.hstore;
ALTER EXTENSION hstore ADD FUNCTION false_hstore.hstore_to_json(false_hstore.hstore);
CREATE TABLE pretends (id int PRIMARY KEY, h false_hstore.hstore);
INSERT INTO pretends VALUES (1, 'false');
-- The cast of the true one is replaced by one of the role's own.
RESET ROLE;
ALTER EXTENSION hstore DROP CAST (hstore AS json);
DROP CAST (hstore AS json);
SET ROLE regress_bemi_maker;
CREATE FUNCTION fails(hstore) RETURNS json LANGUAGE sql AS $$ SELECT to_json(1 / 0) $$;
RESET ROLE;
CREATE CAST (hstore AS json) WITH FUNCTION fails(hstore);
SET ROLE regress_bemi_maker;
INSERT INTO true_hstore VALUES (2, 'a=>2');

--
-- Types that change or go away while their values are on the way
--

CREATE TYPE growing AS ENUM ('one');
ALTER TYPE growing ADD VALUE 'two';
BEGIN;
ALTER TYPE growing ADD VALUE 'three';
CREATE TABLE grows (id int PRIMARY KEY, g growing, gs growing[]);
INSERT INTO grows VALUES (1, 'two', '{one,two}');
ALTER TYPE growing RENAME VALUE 'two' TO 'deux';
INSERT INTO grows VALUES (2, 'deux', '{deux}');
ALTER TYPE growing RENAME TO grown;
ALTER TYPE grown SET SCHEMA false_hstore;
INSERT INTO grows VALUES (3, 'deux', '{one}');
DROP TYPE false_hstore.grown CASCADE;
INSERT INTO grows VALUES (4);
COMMIT;

BEGIN;
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN one_pair AS pair CHECK ((value).a > 0);
CREATE TYPE pairs AS RANGE (subtype = pair);
CREATE TABLE short_lived (id int PRIMARY KEY, p pair, ps pair[], o one_pair, os one_pair[], r pairs);
INSERT INTO short_lived VALUES (1, row(1, 'x'), array[row(2, 'y')::pair], row(3, 'z'), array[row(4, '')::one_pair], pairs(row(1, 'a'), row(2, 'b')));
SAVEPOINT s;
DROP TABLE short_lived;
ROLLBACK TO s;
ALTER TYPE pair ADD ATTRIBUTE c date CASCADE;
INSERT INTO short_lived SELECT 2, p, ps FROM short_lived WHERE id = 1;
ALTER TYPE pair DROP ATTRIBUTE b CASCADE;
UPDATE short_lived SET p = row(5, '2000-01-01') WHERE id = 2;
DROP DOMAIN one_pair CASCADE;
INSERT INTO short_lived (id, r) VALUES (3, pairs(row(1, NULL), row(2, NULL)));
DROP TYPE pair CASCADE;
INSERT INTO short_lived VALUES (4);
DROP TABLE short_lived;
COMMIT;

-- A range whose functions are the role's own.
CREATE FUNCTION difference(text, text) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'never'; END $$;
CREATE TYPE texts AS RANGE (subtype = text, subtype_diff = difference, collation = "C");
CREATE TABLE ranges (id int PRIMARY KEY, r texts, rs texts[], m texts_multirange);
INSERT INTO ranges VALUES (1, '[a,b)', '{"[a,b)"}', '{[a,b),[c,d)}');

-- What points at objects that are gone.
BEGIN;
CREATE TABLE pointed_at (id int);
CREATE FUNCTION pointed_at() RETURNS int LANGUAGE sql AS 'select 1';
CREATE TABLE points (id int PRIMARY KEY, c regclass, f regproc, p regprocedure, t regtype, n regnamespace, r regrole);
CREATE SCHEMA soon_gone;
INSERT INTO points VALUES (1, 'pointed_at', 'pointed_at', 'pointed_at()', 'pointed_at', 'soon_gone', 'regress_bemi_maker');
DROP FUNCTION pointed_at();
DROP TABLE pointed_at;
DROP SCHEMA soon_gone;
INSERT INTO points SELECT 2, c, 0, 4294967295, t, n, 4294967295 FROM points;
COMMIT;

--
-- Values that their type takes, but cannot show. What cannot be shown is left out, and named.
--

CREATE EXTENSION ltree;
CREATE EXTENSION cube;
CREATE EXTENSION seg;
CREATE EXTENSION isn;
CREATE EXTENSION intarray;
CREATE EXTENSION citext;
CREATE TABLE deep (id int PRIMARY KEY, l ltxtquery, ls ltxtquery[], note text);
ALTER TABLE deep REPLICA IDENTITY FULL;
INSERT INTO deep VALUES (1, 'a & b', '{a}', 'shown'), (2, (repeat('a & ', 30000) || 'a')::ltxtquery, NULL, 'not shown');
INSERT INTO deep VALUES (3, 'a', array[(repeat('a & ', 30000) || 'a')::ltxtquery], 'not in an array either');
UPDATE deep SET note = 'still not' WHERE id = 2;
UPDATE deep SET l = 'c' WHERE id = 2;
DELETE FROM deep WHERE id IN (1, 3);
CREATE TYPE deep_pair AS (l ltxtquery, n int);
CREATE TABLE deeper (id int PRIMARY KEY, p deep_pair);
INSERT INTO deeper VALUES (1, row((repeat('a & ', 30000) || 'a')::ltxtquery, 1)), (2, row('a', 2));
-- Row types in each other twice, and again so: thousands of members. Or one in the other hundreds of times.
CREATE TYPE twice_0 AS (n int);
CREATE TYPE deep_0 AS (n int);
CREATE TABLE deepest (id int PRIMARY KEY, d deep_0);
INSERT INTO deepest VALUES (0, row(1));
DO $$
BEGIN
    FOR i IN 1 .. 12 LOOP
        EXECUTE format('CREATE TYPE twice_%s AS (a twice_%s, b twice_%2$s)', i, i - 1);
    END LOOP;
END $$;
CREATE TABLE branches (id int PRIMARY KEY, t twice_12);
INSERT INTO branches VALUES (1, NULL), (2, row(NULL, row(NULL, NULL)));
CREATE TYPE six AS (a twice_1, b twice_1[]);
CREATE TABLE twigs (id int PRIMARY KEY, s six);
INSERT INTO twigs VALUES (1, row(row(row(1), row(2)), array[row(row(3), NULL)::twice_1]));
DO $$
BEGIN
    FOR i IN 1 .. 250 LOOP
        EXECUTE format('CREATE TYPE deep_%s AS (d deep_%s)', i, i - 1);
        EXECUTE format('ALTER TABLE deepest ALTER d TYPE deep_%s USING CASE WHEN d IS NULL THEN NULL ELSE row(d)::deep_%1$s END', i);
    END LOOP;
END $$;
INSERT INTO deepest VALUES (1, NULL);
UPDATE deepest SET id = 2 WHERE id = 0;
CREATE DOMAIN deep_key AS ltree;
CREATE TABLE contrib (id deep_key PRIMARY KEY, c cube, s seg, i isbn, q query_int, t citext, l lquery);
INSERT INTO contrib VALUES ('a.b', '(1,2),(3,4)', '1.0 .. 2.5', '978-0-393-04002-9', '1&(2|!3)', 'CaSe', '*.b{1,}');

--
-- Nothing of all that is an error
--

RESET ROLE;
SET max_stack_depth = '100kB';
CREATE TEMP TABLE decoded AS SELECT line, line ->> 'table' AS name
    FROM (SELECT data::jsonb AS line FROM pg_logical_slot_peek_changes('decode_harm', NULL, NULL, 'include-tables', 'decode_harm.*')) l;
SELECT name, line ->> 'operation' AS operation, left((line -> 'before')::text, 110) AS before, left((line -> 'after')::text, 180) AS after, line -> 'unavailable' AS unavailable
FROM decoded WHERE name NOT IN ('points') ORDER BY (line ->> 'position')::bigint, (line ->> 'commit_position')::bigint, (line ->> 'sequence')::int;
SELECT line -> 'after' ->> 'c' ~ '^(pointed_at|\d+)$' AS c, line -> 'after' ->> 'f' ~ '^(pointed_at|0|-)$' AS f, line -> 'after' ->> 'n' ~ '^(soon_gone|\d+)$' AS n
FROM decoded WHERE name = 'points';
SELECT count(*) = (SELECT count(*) FROM decoded) AS all_are_there
FROM pg_logical_slot_peek_changes('decode_harm', NULL, NULL, 'add-tables', 'decode_harm.*', 'format', 'wal2json')
WHERE data::jsonb ->> 'action' NOT IN ('B', 'C');
SELECT string_agg(c ->> 'name', ' ') AS columns_of_2 FROM pg_logical_slot_peek_changes('decode_harm', NULL, NULL, 'add-tables', 'decode_harm.deep', 'format', 'wal2json'),
    jsonb_array_elements(data::jsonb -> 'columns') c WHERE data::jsonb ->> 'action' = 'I' AND data::jsonb -> 'columns' -> 0 ->> 'value' = '2';
SELECT count(*) FILTER (WHERE data LIKE '%"table":"deep"%') AS of_deep FROM pg_logical_slot_peek_changes('decode_harm', NULL, NULL, 'add-tables', 'decode_harm.*');

SET client_min_messages = error;
SELECT pg_drop_replication_slot('decode_harm');
DROP OWNED BY regress_bemi_maker CASCADE;
DROP ROLE regress_bemi_maker;
