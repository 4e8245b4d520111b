-- Which rows, and what of them, the plugin writes.
SET synchronous_commit = on;
SET client_min_messages = warning;
\pset format unaligned
CREATE SCHEMA decode_rows;
SET search_path = decode_rows;
SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('decode_rows', 'bemi');

-- What the slot has, without what differs from run to run; long values are cut.
CREATE FUNCTION lines(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(data,
               '"(id|committed_at)":"[0-9TZ:.a-f-]+",?|"(transaction_id|position|commit_position)":[0-9]+,?|"database":"[^"]*",', '', 'g'),
               ',}$', '}'), '(a{50,}|b{50,}|c{50,}|d{50,})', 'long', 'g')
    FROM pg_logical_slot_get_changes('decode_rows', NULL, NULL, VARIADIC options || array['include-tables', 'decode_rows*.*'])
$$;

--
-- Replica identities and primary keys
--

CREATE TABLE by_key (id int PRIMARY KEY, v text);
CREATE TABLE by_full (id int PRIMARY KEY, v text);
ALTER TABLE by_full REPLICA IDENTITY FULL;
CREATE TABLE by_index (id int PRIMARY KEY, other text NOT NULL UNIQUE, v text);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_other_key;
CREATE TABLE by_nothing (id int PRIMARY KEY, v text);
ALTER TABLE by_nothing REPLICA IDENTITY NOTHING;
CREATE TABLE by_indexes (id int PRIMARY KEY, u text NOT NULL, v text NOT NULL, w text, UNIQUE (u, v));
ALTER TABLE by_indexes REPLICA IDENTITY USING INDEX by_indexes_u_v_key;
CREATE TABLE no_key (v text);
ALTER TABLE no_key REPLICA IDENTITY FULL;
CREATE TABLE compound (v text, b text, a bigint, PRIMARY KEY (a, b) INCLUDE (v));
ALTER TABLE compound REPLICA IDENTITY FULL;
CREATE TABLE late_key (id timestamptz PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v int);
ALTER TABLE late_key REPLICA IDENTITY FULL;
CREATE DOMAIN name AS text;
CREATE TABLE by_domain (called name PRIMARY KEY);

INSERT INTO by_key VALUES (1, 'a');
UPDATE by_key SET v = 'b';
UPDATE by_key SET id = 2;
DELETE FROM by_key;
INSERT INTO by_full VALUES (1, 'a');
UPDATE by_full SET v = NULL;
UPDATE by_full SET id = 2;
DELETE FROM by_full;
INSERT INTO by_index VALUES (1, 'a', 'x');
UPDATE by_index SET v = 'y';
UPDATE by_index SET other = 'b';
DELETE FROM by_index;
INSERT INTO by_nothing VALUES (1, 'a');
UPDATE by_nothing SET v = 'b';
DELETE FROM by_nothing;
-- u is the first in what was before, but not in what is after
INSERT INTO by_indexes VALUES (1, 'a', 'b', 'c');
UPDATE by_indexes SET v = 'd';
INSERT INTO no_key VALUES ('a');
UPDATE no_key SET v = 'b';
DELETE FROM no_key;
INSERT INTO compound VALUES ('v', E'"b"\\', 1);
UPDATE compound SET b = 'c';
DELETE FROM compound;
INSERT INTO late_key VALUES ('2023-12-11 17:09:15.5+02', 1);
UPDATE late_key SET id = 'infinity';
INSERT INTO by_domain VALUES ('a "name"');
SELECT * FROM lines();

--
-- Values out of line
--

CREATE TABLE big (id int PRIMARY KEY, a text, b text, n int);
ALTER TABLE big ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
INSERT INTO big VALUES (1, repeat('a', 10000), repeat('b', 10000), 0);
UPDATE big SET n = 1;
UPDATE big SET n = 2, a = repeat('c', 10000);
ALTER TABLE big REPLICA IDENTITY FULL;
UPDATE big SET n = 3;
UPDATE big SET n = 4, b = repeat('d', 10000);
UPDATE big SET a = 'short';
DELETE FROM big;
-- as a key
CREATE TABLE big_key (k text PRIMARY KEY, n int);
ALTER TABLE big_key ALTER k SET STORAGE EXTERNAL;
INSERT INTO big_key SELECT string_agg('k' || i, '') FROM generate_series(1, 600) i;
UPDATE big_key SET n = 1;
DELETE FROM big_key;
SELECT regexp_replace(line, '(k1k2)[k0-9]*(599k600)', '\1...\2', 'g') AS lines FROM lines() line;

--
-- Columns that come, go and are computed
--

CREATE TABLE columns (id int PRIMARY KEY, gone text, twice int GENERATED ALWAYS AS (id * 2) STORED, counted int GENERATED ALWAYS AS IDENTITY);
ALTER TABLE columns REPLICA IDENTITY FULL;
INSERT INTO columns VALUES (1, 'there');
ALTER TABLE columns DROP COLUMN gone;
INSERT INTO columns VALUES (2);
ALTER TABLE columns ADD COLUMN added text DEFAULT 'fast', ADD COLUMN later int;
UPDATE columns SET later = 1;
ALTER TABLE columns RENAME COLUMN added TO renamed;
ALTER TABLE columns ALTER COLUMN later TYPE text USING later || '!';
UPDATE columns SET id = id + 10;
DELETE FROM columns WHERE id = 11;
SELECT * FROM lines();
-- a table with no columns
CREATE TABLE NOTHING ();
INSERT INTO NOTHING DEFAULT VALUES;
SELECT * FROM lines();

--
-- What happens to a table between a change and its decoding
--

CREATE TABLE moved (id int PRIMARY KEY, v text);
INSERT INTO moved VALUES (1, 'in its first place');
ALTER TABLE moved RENAME TO renamed;
INSERT INTO renamed VALUES (2, 'with another name');
CREATE SCHEMA decode_rows_2;
ALTER TABLE renamed SET SCHEMA decode_rows_2;
INSERT INTO decode_rows_2.renamed VALUES (3, 'in another schema');
ALTER SCHEMA decode_rows_2 RENAME TO decode_rows_3;
INSERT INTO decode_rows_3.renamed VALUES (4, 'in a schema with another name');
ALTER TABLE decode_rows_3.renamed DROP CONSTRAINT moved_pkey;
INSERT INTO decode_rows_3.renamed VALUES (5, 'without a key');
DROP SCHEMA decode_rows_3 CASCADE;
-- all in one transaction
BEGIN;
CREATE TABLE brief (id int, v text);
INSERT INTO brief VALUES (1, 'a');
ALTER TABLE brief ADD PRIMARY KEY (id), ADD COLUMN w text DEFAULT 'w';
INSERT INTO brief VALUES (2, 'b');
ALTER TABLE brief REPLICA IDENTITY FULL;
UPDATE brief SET v = 'c' WHERE id = 1;
DROP TABLE brief;
COMMIT;
SELECT * FROM lines();

--
-- Partitions
--

CREATE TABLE parts (id int, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE parts_b (region text NOT NULL, id int NOT NULL);
ALTER TABLE parts ATTACH PARTITION parts_b FOR VALUES IN ('b');
ALTER TABLE parts_a REPLICA IDENTITY FULL;
INSERT INTO parts VALUES (1, 'a'), (2, 'b');
UPDATE parts SET region = 'b' WHERE id = 1;
DELETE FROM parts WHERE id = 2;
TRUNCATE parts;
SELECT * FROM lines();

--
-- Truncation: one change a table
--

CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent);
CREATE TABLE other (id int);
TRUNCATE parent, other CASCADE;
TRUNCATE other RESTART IDENTITY;
SELECT * FROM lines();

--
-- Names
--

CREATE TABLE "A ""quoted"" \ name" ("id" int PRIMARY KEY, "a ""column""" int, "line
break" int);
CREATE TABLE "größe€😀" ("schlüssel😀" text PRIMARY KEY);
INSERT INTO "A ""quoted"" \ name" VALUES (1, 2, 3);
INSERT INTO "größe€😀" VALUES ('wert😀');
SELECT * FROM lines();

--
-- Contexts: what was in force for each row
--

CREATE TABLE rows (id int PRIMARY KEY);
-- whose contexts are written by hand here, in place of such a trigger
CREATE TRIGGER _bemi_row_trigger_rows BEFORE INSERT ON rows FOR EACH ROW WHEN (false) EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE PROCEDURE context(content text) LANGUAGE sql AS $$ SELECT pg_logical_emit_message(true, '_bemi', content); $$;
BEGIN;
INSERT INTO rows VALUES (1);
CALL context('{"user_id":1}');
INSERT INTO rows VALUES (2);
SAVEPOINT a;
CALL context('{"user_id":2}');
INSERT INTO rows VALUES (3);
ROLLBACK TO a;
CALL context('{"user_id":1}');
INSERT INTO rows VALUES (4);
CALL context('{}');
INSERT INTO rows VALUES (5);
CALL context(E' {\n"text" : "a\\nb",\r\n"é€😀":"é€😀" } ');
INSERT INTO rows VALUES (6);
COMMIT;
INSERT INTO rows VALUES (7);
-- messages that are no claims of the transaction
BEGIN;
CALL context('{"user_id":1}');
DO $$ BEGIN
    PERFORM pg_logical_emit_message(false, '_bemi', '{"user_id":2}');
    PERFORM pg_logical_emit_message(true, '_bem', '{"user_id":2}');
    PERFORM pg_logical_emit_message(true, '_bemi2', '{"user_id":2}');
END $$;
INSERT INTO rows VALUES (8);
COMMIT;
SELECT * FROM lines();
-- claims that cannot be read, or are too large, end the one before, which is about other changes: that of the even rows
DO $$
DECLARE
    n int := -100;
    content bytea;
BEGIN
    FOREACH content IN ARRAY array['', '[1]', 'null', '{"a":1', '{"a":1} {}', '{"a":"' || chr(10) || '"}', '{"a":"\\u0000"}', '{"a":"\\ud800"}',
        repeat('[', 100000), repeat('{"a":', 100000), '\xff00', '{"a":"'::bytea || '\xc328'::bytea || '"}'::bytea,
        '{"a":"' || repeat('x', 1024 * 1024) || '"}', '{"a":1}' || repeat(' ', 1024 * 1024)]::bytea[]
    LOOP
        PERFORM pg_logical_emit_message(true, '_bemi', '{"user_id":1}');
        INSERT INTO rows VALUES (n);
        PERFORM pg_logical_emit_message(true, '_bemi', content);
        INSERT INTO rows VALUES (n + 1);
        n := n + 2;
    END LOOP;
END $$;
SELECT (line->>'primary_key')::int % 2 <> 0 AS odd, line->'context' AS context, count(*) FROM (SELECT line::jsonb FROM lines() line) AS l GROUP BY 1, 2 ORDER BY 1, 2;

--
-- Subtransactions, rolled back and kept; two-phase commit; commands that write nothing
--

BEGIN;
INSERT INTO rows VALUES (10);
SAVEPOINT a;
INSERT INTO rows VALUES (11);
SAVEPOINT b;
INSERT INTO rows VALUES (12);
ROLLBACK TO b;
INSERT INTO rows VALUES (13);
RELEASE a;
COMMIT;
BEGIN;
INSERT INTO rows VALUES (14);
ROLLBACK;
DO $$ BEGIN
    INSERT INTO rows VALUES (15);
    BEGIN
        INSERT INTO rows VALUES (16), (15);
    EXCEPTION WHEN unique_violation THEN
        INSERT INTO rows VALUES (17);
    END;
END $$;
BEGIN;
CALL context('{"user_id":1}');
INSERT INTO rows VALUES (19);
SAVEPOINT a;
CALL context('{"user_id":2}');
INSERT INTO rows VALUES (20);
PREPARE TRANSACTION 'decode_rows';
COMMIT PREPARED 'decode_rows';
INSERT INTO rows VALUES (15) ON CONFLICT DO NOTHING;
INSERT INTO rows VALUES (15) ON CONFLICT (id) DO UPDATE SET id = 18;
SELECT * FROM lines();

--
-- The ids of changes: the same at every reading, unlike each other, in the order of the changes
--

BEGIN;
INSERT INTO rows SELECT generate_series(100, 199);
COMMIT;
INSERT INTO rows SELECT generate_series(200, 299);
CREATE TEMP TABLE first_reading AS
    SELECT row_number() OVER () AS n, data::jsonb AS change FROM pg_logical_slot_peek_changes('decode_rows', NULL, NULL);
CREATE TEMP TABLE second_reading AS
    SELECT row_number() OVER () AS n, data::jsonb AS change
    FROM pg_logical_slot_get_changes('decode_rows', NULL, NULL, 'include-tables', 'decode_rows.rows');
SELECT count(*), count(DISTINCT f.change), count(DISTINCT f.change->'id'), bool_and(f.change = s.change) AS same
FROM first_reading f FULL JOIN second_reading s USING (n);
SELECT count(*) FROM (SELECT change->>'id' <= lag(change->>'id') OVER (ORDER BY n) AS unordered FROM first_reading) c WHERE unordered;
SELECT (change->>'commit_position')::numeric - lag((change->>'commit_position')::numeric) OVER (ORDER BY n) > 0 AS next, change->>'sequence' AS sequence
FROM first_reading WHERE n % 50 = 1;
SELECT count(*) FROM first_reading
WHERE change->>'id' !~ '^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
    OR change->>'committed_at' !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$' OR change->>'database' <> current_database();

--
-- The caller's settings come back, also after an error
--

SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SET intervalstyle = 'iso_8601';
SET extra_float_digits = -10;
SET bytea_output = 'escape';
CREATE TABLE of_settings (a timestamptz, b interval, c point, d bytea);
INSERT INTO of_settings VALUES ('2023-12-11 17:09:15+00', '1 day 2 hours', '(0.1,0.2)', '\x00');
CREATE FUNCTION settings() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', current_setting('timezone'), current_setting('datestyle'), current_setting('intervalstyle'),
                     current_setting('extra_float_digits'), current_setting('bytea_output'))
$$;
BEGIN;
SET LOCAL extra_float_digits = -5;
SELECT * FROM lines();
SELECT settings();
COMMIT;
SELECT settings();
SELECT * FROM lines('operations', 'none');
SELECT settings();
DO $$ BEGIN
    PERFORM lines('operations', 'none');
EXCEPTION WHEN invalid_parameter_value THEN
    RAISE WARNING '%', settings();
END $$;
SELECT settings();
-- PostgreSQL keeps a slot for the session whose error was caught.
\c -

SET client_min_messages = error;
DROP SCHEMA decode_rows CASCADE;
SELECT pg_drop_replication_slot('decode_rows');
