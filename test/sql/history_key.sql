-- bemi.key(): the text of a primary key, exactly as the decoder writes it.
\pset format unaligned
\pset null NULL
\set VERBOSITY terse

SELECT bemi.key(26), bemi.key('a'), bemi.key(7, 'a'), bemi.key('a "quoted" \ text', 'Ä', E'tab\t');
SELECT bemi.key(VARIADIC ARRAY['a', 'b']), bemi.key(VARIADIC ARRAY[1]), bemi.key(VARIADIC '{}'::int[]);
SELECT bemi.key(NULL::int), bemi.key(1, NULL), bemi.key(VARIADIC ARRAY[1, NULL]), bemi.key(VARIADIC NULL::int[]);
SELECT bemi.key();

-- Whatever the settings are
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN code AS text CHECK (value <> '');
CREATE TABLE key_types (name text, expression text);
INSERT INTO key_types VALUES
    ('smallint', '(-7)::smallint'), ('bigint', '9223372036854775807'), ('numeric', '1.50'), ('numeric(12,4)', '2'), ('numeric', '''NaN'''),
    ('real', '0.1::real'), ('float8', '1e100'), ('float8', '''-Infinity'''), ('boolean', 'true'), ('text', '''it''''s "a\b"'''), ('varchar(5)', '''Ä'''), ('char(5)', '''ab'''),
    ('name', '''n'''), ('"char"', '''c'''), ('uuid', '''{A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11}'''), ('date', '''2026-02-03'''), ('date', '''infinity'''), ('date', '''0044-03-15 BC'''),
    ('time', '''01:02:03.4'''), ('timetz', '''01:02:03+05'''), ('timestamp', '''2026-02-03 04:05:06.789'''), ('timestamptz', '''2026-02-03 04:05:06+07'''),
    ('interval', '''1 month 2 days 03:04:05'''), ('bytea', '''\x00ff'''), ('inet', '''10.0.0.1/8'''), ('macaddr', '''08:00:2b:01:02:03'''), ('money', '''1234.5'''),
    ('jsonb', '''{"b": [1, 1.50], "a": null}'''), ('int[]', '''{{1,2},{3,4}}'''), ('text[]', '''{a,NULL,"b c"}'''), ('timestamptz[]', '''{2026-02-03 04:05:06+07}'''),
    ('mood', '''sad'''), ('pair', '(1, ''x'')'), ('code', '''c'''), ('bit(3)', 'B''101'''), ('int4range', '''[1,5)'''), ('oid', '4711'), ('regclass', '''pg_class'''), ('tsquery', '''a & b'''),
    ('text', 'repeat(''x'', 3000)');
SELECT pg_create_logical_replication_slot('regress_key', 'bemi') IS NOT NULL AS made;
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT *, row_number() OVER () AS n FROM key_types LOOP
        EXECUTE format('CREATE TABLE key_single_%s (k %s PRIMARY KEY)', t.n, t.name);
        EXECUTE format('CREATE TABLE key_double_%s (a int, k %s, PRIMARY KEY (k, a))', t.n, t.name);
        IF t.expression NOT LIKE 'repeat%' THEN
            EXECUTE format('INSERT INTO key_single_%s VALUES (%s)', t.n, t.expression);
            EXECUTE format('INSERT INTO key_double_%s VALUES (5, %s)', t.n, t.expression);
        END IF;
    END LOOP;
END
$$;
CREATE TABLE written AS SELECT data::jsonb->>'table' AS "table", data::jsonb->>'primary_key' AS key FROM pg_logical_slot_get_changes('regress_key', NULL, NULL);
SELECT pg_drop_replication_slot('regress_key');
CREATE TABLE computed ("table" text, key text);
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = iso_8601;
SET TimeZone = 'Asia/Kolkata';
SET bytea_output = escape;
SET extra_float_digits = -15;
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT "table" FROM written LOOP
        EXECUTE format('INSERT INTO computed SELECT %L, bemi.key(%s) FROM %I', t, CASE WHEN t LIKE '%double%' THEN 'k, a' ELSE 'k' END, t);
    END LOOP;
END
$$;
SELECT count(*), count(*) FILTER (WHERE w.key = c.key) AS equal FROM written w JOIN computed c USING ("table");
SELECT w.key, c.key FROM written w JOIN computed c USING ("table") WHERE w.key <> c.key;
RESET ALL;
-- and a text that is too long for an index is a hash, as in the store
SELECT bemi.key(repeat('x', 2600)) = repeat('x', 2600) AS whole, bemi.key(repeat('x', 2601)) = 'sha256:' || encode(sha256(convert_to(repeat('x', 2601), 'UTF8')), 'hex') AS hash;

DO $$
BEGIN
    FOR n IN 1 .. (SELECT count(*) FROM key_types) LOOP
        EXECUTE format('DROP TABLE key_single_%1$s, key_double_%1$s', n);
    END LOOP;
END
$$;
DROP TABLE key_types, written, computed;
DROP TYPE mood, pair;
DROP DOMAIN code;
