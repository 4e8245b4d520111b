-- Rules for columns as they are applied to changes: each cell of the table in docs/tracking.md, in every format.
SET synchronous_commit = on;
SET client_min_messages = warning;
\pset format unaligned
\t on
CREATE SCHEMA decode_column_rules;
SET search_path = decode_column_rules;
SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('decode_column_rules', 'bemi');

-- What the slot has, in each of the formats; `peek` leaves it there.
CREATE FUNCTION shortened(line text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(line,
        '"(id|committed_at)":"[0-9TZ:.a-f-]+",?|"(transaction_id|position|commit_position)":[0-9]+,?|"(database|schema)":"[^"]*",|"context":\{\},?', '', 'g'),
        ',}$', '}')
$$;
CREATE FUNCTION lines() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT shortened(data) FROM pg_logical_slot_get_changes('decode_column_rules', NULL, NULL, 'include-tables', 'decode_column_rules.*')
$$;
CREATE FUNCTION peek(VARIADIC options text[] DEFAULT '{format,wal2json}') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT shortened(data) FROM pg_logical_slot_peek_changes('decode_column_rules', NULL, NULL,
        VARIADIC options || array['add-tables', 'decode_column_rules.*'])
    WHERE data NOT IN ('{"action":"B"}', '{"action":"C"}')
$$;

--
-- The three rules
--

CREATE TABLE account (id int PRIMARY KEY, name text, seen int, password text DEFAULT 'initial secret', token bytea);
SELECT bemi.track('account', ignore_columns => '{seen}', exclude_columns => '{password}', redact_columns => '{token}');
INSERT INTO account VALUES (1, 'Ann', 1, 'secret', 'secret');
-- an UPDATE of ignored or excluded columns only is no change, but it has its number
BEGIN;
UPDATE account SET seen = 2;
UPDATE account SET password = 'secret2';
UPDATE account SET seen = 3, password = NULL;
UPDATE account SET name = 'Bea';
COMMIT;
-- with others, the ignored column is there, the excluded one is not
UPDATE account SET name = 'Cat', seen = 4, password = 'secret3';
-- a redacted one: changed, not changed, from null and to null
UPDATE account SET token = 'secret4';
UPDATE account SET token = 'secret4';
UPDATE account SET token = NULL;
UPDATE account SET token = NULL;
UPDATE account SET token = 'secret5', seen = 5;
-- one that changes nothing at all is a change
UPDATE account SET name = name, seen = seen, password = password;
UPDATE account SET id = 2;
DELETE FROM account;
TRUNCATE account;
SELECT * FROM peek();
SELECT * FROM peek('format', 'wal2json', 'include-pk', 'on', 'include-default', 'on', 'include-type-oids', 'on', 'include-column-positions', 'on') LIMIT 2;
SELECT * FROM peek('include-types', 'on');
SELECT * FROM lines();

--
-- skip_unchanged
--

CREATE TABLE skipped (id int PRIMARY KEY, name text, seen int, token text);
SELECT bemi.track('skipped', skip_unchanged => true);
INSERT INTO skipped VALUES (1, 'Ann', 1, 'secret');
BEGIN;
UPDATE skipped SET name = name;
UPDATE skipped SET seen = seen, id = id;
UPDATE skipped SET name = 'Bea';
COMMIT;
SELECT bemi.track('skipped', ignore_columns => '{seen}', redact_columns => '{token}');
UPDATE skipped SET name = name;
UPDATE skipped SET seen = 2;
UPDATE skipped SET token = 'secret';
UPDATE skipped SET token = 'secret2';
UPDATE skipped SET token = NULL;
UPDATE skipped SET token = NULL;
SELECT bemi.track('skipped', skip_unchanged => false);
UPDATE skipped SET name = name;
SELECT * FROM lines();

--
-- Types, TOAST and null
--

CREATE TYPE pair AS (a text, b text);
CREATE TABLE kinds (id int PRIMARY KEY, t text, j jsonb, b bytea, a text[], p pair, n numeric, f float8, x text, y text);
ALTER TABLE kinds ALTER t SET STORAGE EXTERNAL, ALTER x SET STORAGE EXTERNAL;
SELECT bemi.track('kinds', redact_columns => '{t,j,b,a,p,n,f}', exclude_columns => '{x}');
INSERT INTO kinds VALUES (1, repeat('secret', 1000), '{"s": "secret"}', 'secret', '{secret,secret}', '(secret,secret)', 1.0, 0, repeat('secret', 1000), 'y');
-- TOAST that stays
UPDATE kinds SET y = 'z';
-- TOAST that is written anew, equal and not, of another size and of the same
UPDATE kinds SET t = t || '', x = x || '', y = y;
UPDATE kinds SET t = repeat('SECRET', 1000);
UPDATE kinds SET t = repeat('SECRET', 999);
UPDATE kinds SET t = 'secret';
-- only the excluded one
UPDATE kinds SET x = repeat('SECRET', 1000);
UPDATE kinds SET x = NULL;
-- compressed
ALTER TABLE kinds ALTER t SET STORAGE MAIN;
UPDATE kinds SET t = repeat('secret', 500);
UPDATE kinds SET t = repeat('secret', 500) || '', y = 'zz';
-- equal by the type, but not the same value
UPDATE kinds SET n = 1.00;
UPDATE kinds SET f = '-0';
UPDATE kinds SET j = '{"s":   "secret"}', p = ROW('secret', 'secret'), a = ARRAY['secret', 'secret'], b = '\x736563726574';
UPDATE kinds SET j = '{"s": "Secret"}', p = ROW('secret', NULL), a = NULL, b = NULL;
DELETE FROM kinds;
SELECT * FROM peek();
SELECT * FROM lines();

--
-- Other replica identities, where old rows are not whole
--

CREATE TABLE by_index (id int PRIMARY KEY, code text NOT NULL UNIQUE, token text, seen int, name text);
SELECT bemi.track('by_index', ignore_columns => '{seen}', redact_columns => '{token,code}');
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code_key;
INSERT INTO by_index VALUES (1, 'secret', 'secret', 1, 'Ann');
-- whether it has changed, or nothing else has, is not known
UPDATE by_index SET token = 'secret2';
UPDATE by_index SET seen = 2;
UPDATE by_index SET code = 'secret2';
DELETE FROM by_index;
ALTER TABLE by_index REPLICA IDENTITY DEFAULT;
ALTER TABLE by_index ALTER token SET STORAGE EXTERNAL;
INSERT INTO by_index VALUES (1, 'secret', repeat('secret', 1000), 1, repeat('name', 1000));
ALTER TABLE by_index ALTER name SET STORAGE EXTERNAL;
UPDATE by_index SET name = repeat('name', 1000) || '';
UPDATE by_index SET seen = 3;
UPDATE by_index SET id = 2;
DELETE FROM by_index;
CREATE TABLE hidden_identity (id int PRIMARY KEY, code text NOT NULL UNIQUE, name text);
SELECT bemi.track('hidden_identity', exclude_columns => '{code}');
ALTER TABLE hidden_identity REPLICA IDENTITY USING INDEX hidden_identity_code_key;
INSERT INTO hidden_identity VALUES (1, 'secret', 'Ann');
UPDATE hidden_identity SET name = 'Bea';
UPDATE hidden_identity SET code = 'secret2';
DELETE FROM hidden_identity;
SELECT regexp_replace(l, '(name){50,}', 'long') FROM peek() l;
SELECT regexp_replace(l, '(name){50,}', 'long') FROM lines() l;

--
-- Primary keys that come later
--

CREATE TABLE late_key (a int NOT NULL, b text NOT NULL, c int NOT NULL);
SELECT bemi.track('late_key', redact_columns => '{b}', ignore_columns => '{c}');
ALTER TABLE late_key ADD PRIMARY KEY (a, b);
INSERT INTO late_key VALUES (1, 'secret', 1);
UPDATE late_key SET b = 'secret2';
UPDATE late_key SET c = 2;
DELETE FROM late_key;
ALTER TABLE late_key DROP CONSTRAINT late_key_pkey;
SELECT bemi.track('late_key', redact_columns => '{}', exclude_columns => '{b}');
ALTER TABLE late_key ADD PRIMARY KEY (a, b);
INSERT INTO late_key VALUES (1, 'secret', 1);
UPDATE late_key SET b = 'secret2';
UPDATE late_key SET a = 2;
-- an ignored one stays what it was: without its changes, the row could not be followed
ALTER TABLE late_key DROP CONSTRAINT late_key_pkey;
ALTER TABLE late_key ADD PRIMARY KEY (c);
UPDATE late_key SET c = 3;
DELETE FROM late_key;
SELECT * FROM peek('format', 'wal2json', 'include-pk', 'on');
SELECT * FROM lines();

--
-- Partitions and children, renamed and dropped columns, columns that come
--

CREATE TABLE event (id int, secret text, at int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE event_1 (gone int, at int, secret text, id int NOT NULL);
ALTER TABLE event_1 DROP gone;
ALTER TABLE event ATTACH PARTITION event_1 FOR VALUES FROM (0) TO (10);
SELECT bemi.track('event', redact_columns => '{sec*}');
CREATE TABLE event_2 (at int, secret text, more text, id int NOT NULL);
ALTER TABLE event_2 DROP more;
ALTER TABLE event ATTACH PARTITION event_2 FOR VALUES FROM (10) TO (20);
INSERT INTO event VALUES (1, 'secret', 1), (11, 'secret', 1);
UPDATE event SET secret = 'secret' || id;
UPDATE event SET id = id + 11 WHERE id = 1;
CREATE TABLE parent (id int PRIMARY KEY, a text);
CREATE TABLE child (secret text, a text) INHERITS (parent);
SELECT bemi.track('parent', exclude_columns => '{secret}');
INSERT INTO child VALUES (1, 'a', 'secret');
UPDATE parent SET a = 'b';
CREATE TABLE renamed (id int PRIMARY KEY, a text, b text, old_secret text DEFAULT 'hidden');
SELECT bemi.track('renamed', exclude_columns => '{a,*_secret}');
INSERT INTO renamed VALUES (1, 'hidden', 'shown');
ALTER TABLE renamed RENAME a TO c;
INSERT INTO renamed VALUES (2, 'shown', 'shown');
ALTER TABLE renamed RENAME b TO a;
INSERT INTO renamed VALUES (3, 'shown', 'hidden');
ALTER TABLE renamed DROP a;
INSERT INTO renamed VALUES (4, 'shown');
ALTER TABLE renamed ADD new_secret text DEFAULT 'hidden';
UPDATE renamed SET c = 'shown, too' WHERE id = 1;
SELECT * FROM lines();

--
-- Rules that change in the transaction that writes
--

CREATE TABLE changing (id int PRIMARY KEY, v text);
BEGIN;
SELECT bemi.track('changing');
INSERT INTO changing VALUES (1, 'shown');
SELECT bemi.track('changing', exclude_columns => '{v}');
INSERT INTO changing VALUES (2, 'hidden');
SAVEPOINT a;
SELECT bemi.track('changing', exclude_columns => '{}');
INSERT INTO changing VALUES (3, 'rolled back');
ROLLBACK TO a;
INSERT INTO changing VALUES (4, 'hidden');
SAVEPOINT b;
SELECT bemi.track('changing', exclude_columns => '{}', redact_columns => '{v}');
INSERT INTO changing VALUES (5, 'redacted');
RELEASE b;
INSERT INTO changing VALUES (6, 'redacted');
ALTER TABLE changing RENAME v TO w;
INSERT INTO changing VALUES (7, 'shown');
ALTER TABLE changing RENAME w TO v;
UPDATE changing SET v = 'redacted' || id WHERE id > 5;
COMMIT;
BEGIN;
SELECT bemi.track('changing', redact_columns => '{}');
INSERT INTO changing VALUES (8, 'rolled back');
ROLLBACK;
INSERT INTO changing VALUES (9, 'redacted');
SELECT bemi.untrack('changing');
INSERT INTO changing VALUES (10, 'shown: not tracked');
-- the rules of the time of the change count, not those of now
SELECT bemi.track('changing', ignore_columns => '{v}');
UPDATE changing SET v = v || '!';
SELECT * FROM lines();

--
-- Odd names
--

CREATE TABLE odd (id int PRIMARY KEY, "a,b" text, "it's" text, "q""q" text, "s*s" text, "e=e" text, "b\b" text, "n
n" text, "ä€" text, "{x}" text, " blank " text, "dot.dot" text);
SELECT bemi.track('odd', exclude_columns => ARRAY['a,b', 'it''s', 'q"q', 's*s', 'e=e'], redact_columns => ARRAY['b\b', E'n\nn', 'ä€', '{x}', ' blank ', 'dot.dot']);
INSERT INTO odd SELECT 1, s, s, s, s, s, s, s, s, s, s, s FROM (VALUES ('secret')) AS v (s);
UPDATE odd SET "ä€" = 'secret2', "a,b" = 'secret2';
SELECT * FROM peek();
SELECT * FROM lines();

-- a thousand patterns, which PostgreSQL keeps in TOAST
SELECT 'created' FROM (SELECT string_agg(format('column_with_a_long_name_%s text', n), ', ') AS columns FROM generate_series(1, 50) n) AS c,
    LATERAL (SELECT set_config('decode_column_rules.columns', c.columns, false)) AS s;
DO $$ BEGIN EXECUTE format('CREATE TABLE many (id int PRIMARY KEY, %s)', current_setting('decode_column_rules.columns')); END $$;
SELECT bemi.track('many', redact_columns => (SELECT array_agg(repeat('*', n) || '_' || (n % 40 + 1)) FROM generate_series(1, 1000) n));
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'many'::regclass AND pg_column_size(tgargs) < octet_length(tgargs);
INSERT INTO many SELECT (jsonb_populate_record(NULL::many, jsonb_build_object('id', 1) || jsonb_object_agg(attname, 'v'))).*
FROM pg_attribute WHERE attrelid = 'many'::regclass AND attnum > 1;
SELECT cardinality(string_to_array(l, '"[REDACTED]"')) - 1 AS redacted, cardinality(string_to_array(l, '"v"')) - 1 AS others FROM lines() l;

-- arguments of triggers that were made by hand
CREATE TABLE by_hand (id int, v text, w text);
CREATE TRIGGER "~bemi_truncate" BEFORE TRUNCATE ON by_hand EXECUTE FUNCTION bemi.emit_context('exclude', 'exclude=', 'redact=w', 'nonsense', 'exclude=v', '=', 'redact=***');
ALTER TABLE by_hand REPLICA IDENTITY FULL;
INSERT INTO by_hand VALUES (1, 'secret', 'secret');
-- those of another trigger, or of another function, are none
DROP TRIGGER "~bemi_truncate" ON by_hand;
CREATE TRIGGER other BEFORE TRUNCATE ON by_hand EXECUTE FUNCTION bemi.emit_context('exclude=v');
CREATE TRIGGER "~bemi_truncate" BEFORE TRUNCATE ON by_hand EXECUTE FUNCTION bemi.emit_context('level=row');
INSERT INTO by_hand VALUES (1, 'shown', 'shown');
SELECT * FROM lines();

SELECT 'dropped' FROM pg_drop_replication_slot('decode_column_rules');
DROP SCHEMA decode_column_rules CASCADE;
