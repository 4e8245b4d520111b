-- Values of every type: what the plugin writes must be, as jsonb, what to_jsonb makes of the row.
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET synchronous_commit = on;
SET client_min_messages = warning;

CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE SCHEMA decode_types;
SET search_path = decode_types, public;

SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('decode_types', 'bemi');

--
-- A table for each type, with its values alone, in an array and in an array of two dimensions
--

CREATE TABLE samples (type text, value text);
INSERT INTO samples VALUES
    ('aclitem', '=r/' || quote_ident(current_user)),
    ('bit', ''), ('bit', '10110'),
    ('bool', 'true'), ('bool', 'false'),
    ('box', '(1,2),(-3,4.5e300)'),
    ('bpchar', ''), ('bpchar', 'padded   '),
    ('bytea', ''), ('bytea', '\x00ff5c22'), ('bytea', 'abc'),
    ('char', ''), ('char', 'x'), ('char', '"'), ('char', '\'),
    ('cid', '0'), ('cid', '4294967295'),
    ('cidr', '10.0.0.0/8'), ('cidr', '2001:db8::/32'),
    ('circle', '<(1,2),3>'),
    ('date', '2023-12-11'), ('date', '2000-01-01'), ('date', '1999-12-31'), ('date', '1600-02-29'), ('date', '0001-01-01'),
    ('date', '0001-12-31 BC'), ('date', '4713-01-01 BC'), ('date', '9999-12-31'), ('date', '10000-01-01'),
    ('date', '5874897-12-31'), ('date', 'infinity'), ('date', '-infinity'),
    ('datemultirange', '{}'), ('datemultirange', '{[2000-01-01,2000-02-01),[2001-01-01,)}'),
    ('daterange', 'empty'), ('daterange', '[2000-01-01,2000-02-01)'), ('daterange', '(,)'),
    ('float4', '0'), ('float4', '-0'), ('float4', '1.5'), ('float4', '0.1'), ('float4', '1e-45'), ('float4', '3.4028235e38'),
    ('float4', '16777216'), ('float4', '1e7'), ('float4', '9.5e-5'), ('float4', 'NaN'), ('float4', 'Infinity'), ('float4', '-Infinity'),
    ('float8', '0'), ('float8', '-0'), ('float8', '1.5'), ('float8', '0.1'), ('float8', '5e-324'), ('float8', '1.7976931348623157e308'),
    ('float8', '9007199254740993'), ('float8', '1e15'), ('float8', '1e16'), ('float8', '1e23'), ('float8', '2e-5'), ('float8', '9e22'),
    ('float8', '-1.0000000000000002'), ('float8', 'NaN'), ('float8', 'Infinity'), ('float8', '-Infinity'),
    ('inet', '192.168.1.1/24'), ('inet', '::1'),
    ('int2', '0'), ('int2', '-32768'), ('int2', '32767'),
    ('int2vector', ''), ('int2vector', '1'), ('int2vector', '1 -2 3'),
    ('int4', '0'), ('int4', '-2147483648'), ('int4', '2147483647'),
    ('int4multirange', '{[1,3),[5,9)}'), ('int4range', '[1,10)'), ('int4range', 'empty'),
    ('int8', '0'), ('int8', '-9223372036854775808'), ('int8', '9223372036854775807'),
    ('int8multirange', '{[1,3),[5,9)}'), ('int8range', '[1,10)'),
    ('interval', '0'), ('interval', '1 year 2 mons -3 days 04:05:06.789'), ('interval', '-178000000 years'), ('interval', '-00:00:00.000001'),
    ('json', '{}'), ('json', E' {"b" : 1 ,\n\t"a":\r\n[ 1.10, "x\\ny\\u00e9", null ], "b":2 } '), ('json', '"scalar"'), ('json', 'null'), ('json', '1e3'),
    ('json', E'[\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"\\r\\n"]'),
    ('jsonb', '{}'), ('jsonb', '[]'), ('jsonb', '{"b":1,"a":[1.10,"x\ny",null,true,false,{"":[]},{"k":{}}]}'), ('jsonb', '"a \"quoted\" \\ scalar"'),
    ('jsonb', 'null'), ('jsonb', 'true'), ('jsonb', '-12345678901234567890.12345678901234567890'), ('jsonb', '1e1000'), ('jsonb', '[[[[[1],2],3],4],[5]]'),
    ('jsonpath', '$.a[*] ? (@.b > 1)'),
    ('line', '{1,2,3}'), ('lseg', '[(0,0),(1,1.5)]'),
    ('macaddr', '08:00:2b:01:02:03'), ('macaddr8', '08:00:2b:01:02:03:04:05'),
    ('money', '0'), ('money', '-1234567.89'), ('money', '92233720368547758.07'),
    ('name', ''), ('name', 'a "name" with \ odd characters'),
    ('numeric', '0'), ('numeric', '0.00'), ('numeric', '1'), ('numeric', '-1'), ('numeric', '1.10'), ('numeric', '-0.1'), ('numeric', '100'),
    ('numeric', '9999'), ('numeric', '10000'), ('numeric', '10000.0001'), ('numeric', '100000000'), ('numeric', '0.0001'), ('numeric', '0.00001'),
    ('numeric', '-0.000000000000000000000000000001'), ('numeric', '123456789012345678901234567890.123456789012345678901234567890'),
    ('numeric', '1e100'), ('numeric', '1.000'), ('numeric', '20000000000.50'), ('numeric', '1' || repeat('0', 131071)), ('numeric', '0.' || repeat('0', 16382) || '1'),
    ('numeric', repeat('1234567890', 100) || '.' || repeat('0987654321', 100)), ('numeric', '0.' || repeat('0', 70)),
    ('numeric', 'NaN'), ('numeric', 'Infinity'), ('numeric', '-Infinity'),
    ('nummultirange', '{[1.10,3),[5,)}'), ('numrange', '[1.10,3)'), ('numrange', '(,)'),
    ('oid', '0'), ('oid', '4294967295'), ('oidvector', ''), ('oidvector', '1 2 4294967295'),
    ('path', '[(0,0),(1,1)]'), ('path', '((0,0),(1,1))'),
    ('pg_lsn', 'FFFFFFFF/FFFFFFFF'), ('pg_snapshot', '10:20:10,14,15'),
    ('point', '(0.1,-Infinity)'), ('polygon', '((0,0),(1,1),(2,0))'),
    ('refcursor', 'a cursor'),
    ('regclass', 'samples'), ('regclass', 'pg_class'), ('regclass', '0'), ('regcollation', '"C"'), ('regconfig', 'english'), ('regdictionary', 'simple'),
    ('regnamespace', 'decode_types'), ('regoper', '||/'), ('regoperator', '+(integer,integer)'), ('regproc', 'now'), ('regprocedure', 'abs(numeric)'),
    ('regrole', quote_ident(current_user)), ('regtype', 'timestamp with time zone'),
    ('text', ''), ('text', 'plain'), ('text', E'all that is escaped: " \\ / \b \f \n \r \t \x01 \x1f \x7f'), ('text', 'exactly sixteen.'),
    ('text', 'exactly sixteen.exactly sixteen.'), ('text', 'exactly sixteen"'), ('text', '"exactly sixteen'), ('text', repeat(E'\n', 100)),
    ('text', repeat('é€😀', 50)), ('text', repeat('long ', 10000)), ('text', repeat('"', 5000)), ('text', '</script>'), ('text', E'\u2028\u2029\ufeff'),
    ('tid', '(0,1)'), ('tid', '(4294967295,65535)'),
    ('time', '00:00'), ('time', '23:59:59.999999'), ('time', '24:00'), ('timetz', '12:34:56.78+14:59'),
    ('timestamp', '2023-12-11 17:09:15.123456'), ('timestamp', '2023-12-11 17:09:15.1'), ('timestamp', '2023-12-11 17:09:15.000001'), ('timestamp', '2023-12-11'),
    ('timestamp', '2000-01-01'), ('timestamp', '1999-12-31 23:59:59.999999'), ('timestamp', '0001-01-01'), ('timestamp', '0001-12-31 23:59:59.999999 BC'),
    ('timestamp', '4713-01-01 BC'), ('timestamp', '9999-12-31 23:59:59.999999'), ('timestamp', '10000-01-01'), ('timestamp', '294276-12-31 23:59:59.999999'),
    ('timestamp', 'infinity'), ('timestamp', '-infinity'),
    ('timestamptz', '2023-12-11 17:09:15.123456+02'), ('timestamptz', '2023-12-11 17:09:15.1-09:30'), ('timestamptz', '2000-01-01 00:00+00'), ('timestamptz', '1969-12-31 23:59:59.999999+00'),
    ('timestamptz', '0001-01-01 00:00+00'), ('timestamptz', '0001-12-31 23:59:59.999999+00 BC'), ('timestamptz', '4714-11-24 00:00+00 BC'), ('timestamptz', '9999-12-31 23:59:59.999999+00'),
    ('timestamptz', '10000-01-01 00:00+00'), ('timestamptz', '294276-12-31 23:59:59.999999+00'), ('timestamptz', 'infinity'), ('timestamptz', '-infinity'),
    ('tsmultirange', '{[2000-01-01,2000-02-01)}'), ('tsrange', '[2000-01-01 00:00,infinity)'),
    ('tsquery', $$'fat' & ( 'rat':AB | 'cat' )$$), ('tsvector', $$'a':1A 'it''s "quoted"':2,3B$$),
    ('tstzmultirange', '{[2000-01-01 00:00+05,2000-02-01 00:00+05)}'), ('tstzrange', '(,2000-01-01 00:00:00.5+05]'),
    ('txid_snapshot', '10:20:10,14,15'),
    ('uuid', '00000000-0000-0000-0000-000000000000'), ('uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'),
    ('varbit', ''), ('varbit', '1010110101'),
    ('varchar', ''), ('varchar', 'plain'),
    ('xid', '0'), ('xid', '4294967295'), ('xid8', '18446744073709551615'),
    ('xml', '<a b="c">text</a>'), ('xml', 'a fragment'),
    ('hstore', ''), ('hstore', '"a"=>"1", "b"=>NULL, "q\"\\"=>"line\nbreak"'), ('citext', 'CaSe'), ('ltree', 'a.b.c'), ('lquery', '*.b{1,}'), ('ltxtquery', 'a & b*');
-- Of these no value can be typed in.
INSERT INTO samples
    SELECT typname, NULL FROM pg_type
    WHERE typname IN ('gtsvector', 'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary', 'pg_dependencies', 'pg_mcv_list', 'pg_ndistinct', 'pg_node_tree');

CREATE sequence sample;
DO $$
DECLARE
    s record;
BEGIN
    FOR s IN SELECT DISTINCT type, t.oid::regtype AS name, t.typarray FROM samples JOIN pg_type t ON typname = type LOOP
        EXECUTE format('CREATE TABLE %I (id int, value %s, list %s, matrix %s)', 'type ' || s.type, s.name,
                       coalesce(nullif(s.typarray, 0)::regtype, 'text'), coalesce(nullif(s.typarray, 0)::regtype, 'text'));
        EXECUTE format('INSERT INTO %I VALUES (0, NULL, NULL, NULL), (-1, NULL, ''{}'', ''{}'')', 'type ' || s.type);
    END LOOP;
    FOR s IN
        SELECT type, value, oid::regtype AS name, coalesce(nullif(typarray, 0)::regtype, 'text') AS array, typdelim AS comma,
               '"' || replace(replace(value, '\', '\\'), '"', '\"') || '"' AS element
        FROM samples JOIN pg_type ON typname = type WHERE value IS NOT NULL
    LOOP
        EXECUTE format('INSERT INTO %I VALUES (nextval(''sample''), %L::%s, %L::%s, %L::%s)', 'type ' || s.type, s.value, s.name,
                       format('{%s%sNULL}', s.element, s.comma), s.array, format('[-1:0][3:3]={{%s}%s{NULL}}', s.element, s.comma), s.array);
    END LOOP;
END $$;

-- Every built-in type that a column can have is in there.
SELECT typname AS untested FROM pg_type
WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'e', 'd', 'r', 'm') AND typname NOT IN (SELECT type FROM samples)
    AND oid NOT IN (SELECT typarray FROM pg_type WHERE typname IN (SELECT type FROM samples))
    -- but for arrays of the catalogs' rows and of cstring, which a column cannot have
    AND typelem NOT IN (SELECT oid FROM pg_type WHERE typtype IN ('c', 'p'));

--
-- Types that users make
--

CREATE TYPE mood AS ENUM ('sad', 'a "happy" one', '');
CREATE DOMAIN positive AS numeric(10, 2) CHECK (value > 0);
CREATE DOMAIN moods AS mood[];
CREATE DOMAIN some_json AS json;
CREATE TYPE floats AS RANGE (subtype = float8);
CREATE TYPE pair AS (x int, "odd ""name""" text);
CREATE TYPE nest AS (p pair, ps pair[], m mood, d positive, ds moods, r floats, t timestamptz, b bytea);
CREATE DOMAIN one_pair AS pair;
CREATE TABLE row_type (a int, b text, c int);
ALTER TABLE row_type DROP COLUMN b;
CREATE TABLE uses_types (id int, m mood, ms mood[], d positive, dd moods, j some_json, f floats, fm floats_multirange, n nest, ns nest[], o one_pair, os one_pair[], r row_type, h hstore[], c citext[]);
INSERT INTO uses_types VALUES
    (1, 'sad', '{sad,NULL,""}', 1.10, '{{sad},{"a \"happy\" one"}}', E'[\n1]', '[0.1,NaN)', '{[1,2),[3,4)}',
     row(row(1, NULL), array[row(2, 'x')::pair, NULL], '', 3, '{sad}', '[1,1]', '2023-12-11 17:09:15.5+02', '\x00'),
     array[row(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::nest, NULL], row(1, E'\n"'), array[row(2, '')::one_pair], row(1, 2), array['a=>1'::hstore], '{A,b}'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, NULL, '{}', NULL, '{}', NULL, 'empty', '{}', NULL, '{}', NULL, '{}', NULL, '{}', '{}');
-- A type that changes: each row must look as it did then.
CREATE TYPE changing AS (a int, gone text);
CREATE TABLE uses_changing (id int, c changing, cs changing[]);
CREATE TABLE rows_then (id int, row_then jsonb);
INSERT INTO uses_changing VALUES (1, row(1, 'x'), array[row(2, 'y')::changing]);
INSERT INTO rows_then SELECT 1, to_jsonb(t) FROM uses_changing t WHERE id = 1;
ALTER TYPE changing ADD ATTRIBUTE b int;
INSERT INTO uses_changing SELECT 2, c, cs FROM uses_changing;
INSERT INTO uses_changing VALUES (3, row(3, 'z', 4), array[row(5, 'a', 6)::changing]);
INSERT INTO rows_then SELECT id, to_jsonb(t) FROM uses_changing t WHERE id > 1;
ALTER TYPE changing DROP ATTRIBUTE gone;
ALTER TYPE changing RENAME ATTRIBUTE b TO renamed;
INSERT INTO uses_changing SELECT 4, c, cs FROM uses_changing WHERE id = 3;
INSERT INTO uses_changing VALUES (5, row(7, 8), array[row(9, 10)::changing]);
INSERT INTO rows_then SELECT id, to_jsonb(t) FROM uses_changing t WHERE id > 3;

-- Casts to json: to_jsonb calls any of them; while decoding only one in C can be called.
CREATE TYPE colour AS (r int, g int, b int);
CREATE FUNCTION colour_to_json(colour) RETURNS json LANGUAGE sql AS $$ SELECT '"a colour"'::json $$;
CREATE CAST (colour AS json) WITH FUNCTION colour_to_json(colour);
CREATE TYPE shade AS ENUM ('dark', 'light');
CREATE FUNCTION shade_to_json(shade) RETURNS json LANGUAGE sql AS $$ SELECT '["shade"]'::json $$;
CREATE CAST (shade AS json) WITH FUNCTION shade_to_json(shade);
CREATE TABLE uses_casts (id int, c colour, s shade);
INSERT INTO uses_casts VALUES (1, row(1, 2, 3), 'dark');

-- Values that only the server makes
CREATE TABLE big AS SELECT i % 2 AS a, i % 4 AS b FROM generate_series(1, 100) i;
CREATE STATISTICS some_statistics (ndistinct, dependencies, mcv) ON a, b FROM big;
ANALYZE big;
CREATE TABLE server_values AS
    SELECT 1 AS id, stxdndistinct, stxddependencies, stxdmcv, (SELECT ev_action FROM pg_rewrite ORDER BY oid LIMIT 1)
    FROM pg_statistic_ext_data JOIN pg_statistic_ext ON oid = stxoid WHERE stxname = 'some_statistics';

--
-- The comparison
--

CREATE TABLE decoded AS
    SELECT change->>'table' AS name, (change->'after'->>'id')::int AS id, change->'after' AS after
    FROM (SELECT data::jsonb AS change FROM pg_logical_slot_get_changes('decode_types', NULL, NULL, 'include-tables', 'decode_types.*', 'exclude-tables', '*.samples, *.big, *.decoded, *.rows_then')) c;

CREATE TABLE mismatches (name text, id int, expected text, decoded text);
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT DISTINCT name FROM decoded WHERE name <> 'uses_changing' LOOP
        EXECUTE format('INSERT INTO mismatches SELECT %L, id, to_jsonb(t), after FROM %I t FULL JOIN (SELECT * FROM decoded WHERE name = %L) d USING (id)
                        WHERE to_jsonb(t)::text IS DISTINCT FROM after::text', t, t, t);
    END LOOP;
END $$;
INSERT INTO mismatches
    SELECT name, id, row_then, after FROM rows_then FULL JOIN (SELECT * FROM decoded WHERE name = 'uses_changing') d USING (id)
    WHERE row_then::text IS DISTINCT FROM after::text;

SELECT count(DISTINCT name) AS types, count(*) AS rows FROM decoded WHERE name LIKE 'type %';
SELECT name, id, left(expected, 200) AS expected, left(decoded, 200) AS decoded FROM mismatches ORDER BY 1, 2;

-- What an update leaves as it was looks the same before and after.
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT DISTINCT name FROM decoded WHERE name <> 'uses_changing' LOOP
        EXECUTE format('ALTER TABLE %I REPLICA IDENTITY FULL; UPDATE %1$I SET id = id + 1000', t);
    END LOOP;
END $$;
SELECT count(*) = (SELECT count(*) FROM decoded WHERE name <> 'uses_changing') AS all_updated,
       count(*) FILTER (WHERE (change->'before') || jsonb_build_object('id', (change->'before'->'id')::int + 1000) <> change->'after') AS different,
       count(*) FILTER (WHERE d.after - 'id' <> (change->'after') - 'id') AS changed
FROM (SELECT data::jsonb AS change FROM pg_logical_slot_get_changes('decode_types', NULL, NULL, 'include-tables', 'decode_types.*', 'operations', 'update')) c
LEFT JOIN decoded d ON d.name = change->>'table' AND d.id = (change->'before'->'id')::int;

SET client_min_messages = error;
DROP SCHEMA decode_types CASCADE;
DROP EXTENSION hstore;
DROP EXTENSION citext;
DROP EXTENSION ltree;
SELECT pg_drop_replication_slot('decode_types');
