-- bemi.as_of() and bemi.versions(): what they refuse, and what the planner makes of them. What they return is in test/t.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA as_of;
SET search_path = as_of, public;
SET timezone = 'UTC';
CREATE FUNCTION fails(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
    EXECUTE command;
    RETURN 'succeeds';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n  ', SQLSTATE || ': ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
CREATE TABLE todo (id int PRIMARY KEY, task text);
\pset format unaligned
\t on

-- the moment
SELECT fails('SELECT * FROM bemi.as_of(NULL::todo)');
SELECT fails('SELECT * FROM bemi.as_of(NULL::todo, NULL)');
SELECT fails('SELECT * FROM bemi.as_of(NULL::todo, now(), mark => ''x'')');
SELECT fails('SELECT * FROM bemi.as_of(NULL::todo, lsn => ''0/1'', transaction => 5)');
SELECT fails('SELECT * FROM bemi.as_of(NULL::todo, ''3000-01-01 12:00'')');
SELECT fails('SELECT * FROM bemi.as_of(NULL::todo, ''infinity'')');
SELECT fails('SELECT * FROM bemi.as_of(NULL::todo, lsn => ''FFFFFFFF/0'')');
SELECT fails('SELECT * FROM bemi.as_of(NULL::todo, mark => ''no such mark'')');
SELECT fails('SELECT * FROM bemi.versions(NULL::todo, NULL)');
SELECT fails('SELECT * FROM bemi.versions(NULL::todo, ''2026-01-02'', ''2026-01-01'')');

-- the relation
CREATE VIEW a_view AS TABLE todo;
CREATE MATERIALIZED VIEW a_matview AS TABLE todo;
CREATE TEMP TABLE a_temp (id int);
CREATE UNLOGGED TABLE an_unlogged (id int);
CREATE TYPE a_type AS (id int);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE a_foreign (id int) SERVER nowhere;
SELECT fails(format('SELECT * FROM bemi.as_of(NULL::%s, now())', name))
FROM unnest('{a_view, a_matview, a_temp, an_unlogged, a_type, a_foreign, pg_class, bemi.changes}'::text[]) AS name;
SELECT fails('SELECT bemi.as_of(NULL::int, now())');
SELECT fails('SELECT bemi.as_of(ROW(1), now())');
SELECT fails('SELECT * FROM bemi.versions(NULL::a_view, now())');
SELECT fails('SELECT * FROM bemi.rows_as_of(''a_view''::regclass, now())');

-- no worker, or none that has seen the table
SELECT fails('SELECT * FROM bemi.as_of(NULL::todo, now())');
SELECT fails('SELECT bemi.require_past(''todo''::regclass, now(), NULL)');
SELECT bemi.track('todo');
SELECT fails('SELECT bemi.require_past(''todo''::regclass, now(), NULL)');

-- the rows that there were when
CREATE FUNCTION tracked(from_time timestamptz, to_time timestamptz, reason text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO bemi.tracking
    SELECT server.system_identifier, d.oid, 'todo'::regclass, 'as_of', 'todo', extract(day FROM from_time), extract(day FROM to_time),
           from_time, to_time, reason
    FROM pg_control_system() AS server, pg_database d WHERE d.datname = current_database() $$;
CREATE FUNCTION past(at timestamptz, "position" bigint = NULL) RETURNS text LANGUAGE sql AS $$
    SELECT fails(format('SELECT bemi.require_past(''todo''::regclass, %L, %L)', at, "position")) $$;
SELECT tracked('2026-01-02', '2026-01-10', 'untracked');
SELECT past('2026-01-05'), past('2026-01-11');
SELECT tracked('2026-01-20', NULL, NULL);
SELECT past('2026-01-01'), past('2026-01-05'), past('2026-01-12'), past('2026-01-20'), past('2026-02-01');
SELECT past(NULL, 1), past(NULL, 5), past(NULL, 12), past(NULL, 20), past(NULL, 25);
-- of another server, whose dump was restored
UPDATE bemi.tracking SET system_identifier = 1;
SELECT past('2026-02-01');
UPDATE bemi.tracking SET system_identifier = server.system_identifier FROM pg_control_system() AS server;
-- a gap
INSERT INTO bemi.gaps (system_identifier, from_position, to_position, from_time, to_time, reason)
SELECT system_identifier, '0/16', '0/18', '2026-01-22', '2026-01-24', 'somebody dropped the slot' FROM pg_control_system();
SELECT past('2026-01-21'), past('2026-01-23'), past('2026-01-25'), past(NULL, 21), past(NULL, 25);
UPDATE bemi.gaps SET acknowledged_at = now();
SELECT past('2026-01-21');
DELETE FROM bemi.gaps;
-- dropped partitions
CREATE TABLE month PARTITION OF bemi.changes FOR VALUES FROM ('2026-01-25') TO ('2026-02-25');
SELECT past('2026-01-21'), past('2026-01-25');
DROP TABLE month;
DELETE FROM bemi.tracking;
ALTER TABLE bemi.gaps ALTER id RESTART;

-- conditions on the whole key become the argument keys, if equal values have equal texts
CREATE TABLE pair (a int, b text COLLATE "C", n numeric, PRIMARY KEY (a, b));
CREATE TABLE number (id numeric PRIMARY KEY);
CREATE TABLE padded (id char(5) PRIMARY KEY);
CREATE TABLE approximate (id float8 PRIMARY KEY);
CREATE TABLE moment (id timestamptz PRIMARY KEY);
CREATE TABLE label (id varchar(9) PRIMARY KEY);
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE any_case (id text COLLATE any_case PRIMARY KEY);
CREATE TABLE no_key (id int);
CREATE FUNCTION keys(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; result text := 'none';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS off) ' || query LOOP
        result := coalesce(substring(line, $r$bemi\.keys_of\('\d+'::oid, (.*)\)\)$r$), result);
    END LOOP;
    RETURN result;
END $$;
SELECT format('%-65s %s', condition, keys(format('SELECT * FROM bemi.as_of(NULL::%s', condition)))
FROM (VALUES
    ('todo, now()) WHERE id = 1'),
    ('todo, now()) WHERE 1 = id AND task = ''x'''),
    ('todo, now()) WHERE id = 1::bigint'),
    ('todo, now()) WHERE id = 1.0'),
    ('todo, now()) WHERE id IN (1, 2)'),
    ('todo, now()) WHERE id = ANY (''{1,2}'')'),
    ('todo, now()) WHERE id <> ALL (''{1,2}'')'),
    ('todo, now()) WHERE id > 1'),
    ('todo, now()) WHERE id = random()'),
    ('todo, now()) WHERE id = length(current_setting(''timezone''))'),
    ('todo, now()) WHERE task = ''x'''),
    ('todo, now(), keys => ''{1}'') WHERE id = 1'),
    ('pair, now()) WHERE a = 1'),
    ('pair, now()) WHERE b = ''x'' AND a = 1'),
    ('pair, now()) WHERE b IN (''x'', ''y'') AND a IN (1, 2)'),
    ('pair, now()) WHERE (a, b) = (1, ''x'')'),
    ('number, now()) WHERE id = 1'),
    ('padded, now()) WHERE id = ''x'''),
    ('approximate, now()) WHERE id = 0'),
    ('moment, now()) WHERE id = ''2026-01-01 12:00'''),
    ('label, now()) WHERE id = ''x'''),
    ('any_case, now()) WHERE id = ''x'''),
    ('no_key, now()) WHERE id = 1'),
    ('todo, now()) a JOIN todo USING (id) WHERE id = 1'),
    ('todo, now()) a LEFT JOIN todo t ON t.id = 1')) AS v (condition);
SELECT bemi.keys_of(0, 1), bemi.keys_of(0, 'x'::text), bemi.keys_of(0, '{1,NULL,2}'::int[]), bemi.keys_of(0, NULL::int[]), bemi.keys_of(0, NULL::int);
SELECT bemi.keys_of(0, '{1,2}'::int[], 'a "quoted" text'::text, '2026-01-01 12:00+02'::timestamptz), bemi.keys_of(0, '2026-01-01 12:00+02'::timestamptz);
SELECT bemi.keys_of(0, 1, NULL::text), bemi.keys_of(0, '{}'::int[], 'x'::text);

-- a plan that is kept knows the key
PREPARE by_key(bigint) AS SELECT * FROM bemi.as_of(NULL::todo, now()) WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
SELECT keys('EXECUTE by_key(1)');
ALTER TABLE todo DROP CONSTRAINT todo_pkey;
SELECT keys('EXECUTE by_key(1)');
ALTER TABLE todo ADD PRIMARY KEY (id);
SELECT keys('EXECUTE by_key(1)');

-- estimates
INSERT INTO todo SELECT generate_series(1, 700);
ANALYZE todo;
EXPLAIN SELECT * FROM bemi.as_of(NULL::todo, now());
EXPLAIN SELECT * FROM bemi.as_of(NULL::todo, now()) WHERE id = 7;
EXPLAIN SELECT * FROM bemi.as_of(NULL::todo, now()) WHERE id IN (7, 8, 9);

SELECT bemi.untrack('todo');
DROP SCHEMA as_of CASCADE;
DROP FOREIGN DATA WRAPPER nothing CASCADE;
